import type { Mismatch } from "#coordinator/stages/audit/differ.ts";

/** A block that a shard's reports have called final and that our own reading had not reached. */
export type FinalClaim = { readonly number: number; readonly sinceMs: number };

/**
 * Whether what a report calls final is final. Our own node may hear of it a little later, so a claim is given
 * `graceMs` to come true; a later claim does not renew it.
 *
 * @param finalNumber Newest final block by our own reading.
 */
export function judgeFinality(
  before: FinalClaim | undefined,
  claimed: number,
  o: { readonly finalNumber: number; readonly nowMs: number; readonly graceMs: number },
): { readonly claim: FinalClaim | undefined; readonly mismatch: Mismatch | undefined } {
  const open = before !== undefined && before.number > o.finalNumber ? before : undefined;
  const next = claimed > o.finalNumber ? { number: claimed, sinceMs: o.nowMs } : undefined;
  const claim = open ?? next;
  if (open === undefined || o.nowMs - open.sinceMs < o.graceMs)
    return { claim, mismatch: undefined };
  const mismatch = {
    said: `block.finalizedNumber ${open.number}`,
    found: `block.finalizedNumber ${o.finalNumber}, ${o.nowMs - open.sinceMs} ms later`,
  };
  // Found out: what it says from here on is looked at afresh.
  return { claim: next, mismatch };
}
