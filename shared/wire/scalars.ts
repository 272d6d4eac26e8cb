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

/** A risk number: finite, never NaN. */
export const finiteSchema = z.number().refine(Number.isFinite, "must be finite");

/** Unix milliseconds. */
export const unixMsSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const shardIdSchema = z
  .string()
  .regex(SHARD_ID_PATTERN, "must be lower-case letters, digits and dashes");
