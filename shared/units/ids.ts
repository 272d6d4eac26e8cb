/** 0x-prefixed hex of any length. */
export type Hex = `0x${string}`;
/** 20-byte account or contract address, 0x-prefixed. */
export type Address = Hex;
/** 32-byte plan id, fixed when the plan is recorded. */
export type PlanId = Hex;

/** What a shard, agent or underlying may be called. */
export const SHARD_ID_PATTERN = /^[a-z][a-z0-9-]{0,30}$/;
