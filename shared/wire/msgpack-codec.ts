import { Packr } from "msgpackr";

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
 * @throws {Error} If the bytes are not one whole msgpack value.
 */
export function decodeMessage(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}
