/** Redis stream on which one agent's reports travel; entry ids are `<seq>-0`, so Redis refuses late ones. */
export function reportStreamKey(shard: string, agent: string): string {
  return `report:${shard}:${agent}`;
}

/** Redis stream on which one agent's receipts travel; entry ids are `<seq>-0`. */
export function receiptStreamKey(shard: string, agent: string): string {
  return `receipt:${shard}:${agent}`;
}
