import { z } from "zod";
import { type Address, type Hex, SHARD_ID_PATTERN } from "#shared/units/ids.ts";

/** 0x-prefixed 20 bytes. */
export const addressSchema = z.custom<Address>(
  (value) => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value),
  { message: "must be a 0x-prefixed address of 20 bytes" },
);

/** 0x-prefixed 32 bytes, lower case. */
export const hash32Schema = z.custom<Hex>(
  (value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value),
  { message: "must be 0x and 64 lower-case hex digits" },
);

/** 0x-prefixed bytes. */
export const hexSchema = z.custom<Hex>(
  (value) => typeof value === "string" && /^0x([0-9a-fA-F]{2})*$/.test(value),
  { message: "must be 0x-prefixed hex bytes" },
);

/** Unsigned integer amount as a decimal string: a JSON and msgpack safe `bigint`. */
export const rawAmountSchema = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,77})$/, "must be an unsigned decimal integer");

/** Signed integer amount as a decimal string. */
export const signedRawAmountSchema = z
  .string()
  .regex(/^(0|-?[1-9][0-9]{0,77})$/, "must be a decimal integer");

/** An amount that Solidity's uint256 holds. */
export const uint256Schema = rawAmountSchema.refine(
  (value) => isBetween(value, 0n, 2n ** 256n),
  "must be below 2^256",
);

/** A count that Solidity's uint64 holds, such as a message's nonce. */
export const uint64Schema = rawAmountSchema.refine(
  (value) => isBetween(value, 0n, 2n ** 64n),
  "must be below 2^64",
);

/** A chain as LayerZero numbers them: a uint32. */
export const endpointIdSchema = z
  .number()
  .int()
  .positive()
  .max(2 ** 32 - 1);

/** An amount that Solidity's int256 holds. */
export const int256Schema = signedRawAmountSchema.refine(
  (value) => isBetween(value, -(2n ** 255n), 2n ** 255n),
  "must be from -2^255 to 2^255 - 1",
);

/** True also for what is no integer: that is refused by its form, and asked about all the same. */
function isBetween(value: string, least: bigint, end: bigint): boolean {
  if (!/^-?[0-9]{1,78}$/.test(value)) return true;
  const amount = BigInt(value);
  return amount >= least && amount < end;
}

/** A risk number: finite, never NaN. */
export const finiteSchema = z.number().refine(Number.isFinite, "must be finite");

/** Unix milliseconds. */
export const unixMsSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const shardIdSchema = z
  .string()
  .regex(SHARD_ID_PATTERN, "must be lower-case letters, digits and dashes");
