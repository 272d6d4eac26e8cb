import { Packr } from "msgpackr";
import { readMsgpack } from "#shared/wire/read-msgpack.ts";

/**
 * Plain msgpack: no record structures, so no state is shared between producers that distrust each other.
 */
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number" });

/** Bytes of a JSON-like value. */
export function encodeMessage(value: unknown): Buffer {
  return packr.pack(value);
}

/**
 * Value of received bytes; callers validate it with a schema.
 *
 * @throws {RangeError} If the bytes are not one whole msgpack value of JSON's types.
 */
export function decodeMessage(bytes: Uint8Array): unknown {
  return readMsgpack(bytes);
}
