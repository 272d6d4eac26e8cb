/** Name of a shard, such as `ethereum`: lower-case letters, digits and dashes, at most 31 bytes. */
export type ShardId = string;
/** Name of one agent process of a shard, such as `ethereum-1`. */
export type AgentId = string;
/** Ticker of an underlying, such as `ETH`. */
export type Underlying = string;
/** 0x-prefixed hex of any length. */
export type Hex = `0x${string}`;
/** 20-byte account or contract address, 0x-prefixed. */
export type Address = Hex;
/** 32-byte job id: also the mandate's id on chain. */
export type JobId = Hex;
/** 32-byte plan id, fixed when the plan is recorded. */
export type PlanId = Hex;

/** What a shard, agent or underlying may be called. */
export const SHARD_ID_PATTERN = /^[a-z][a-z0-9-]{0,30}$/;
