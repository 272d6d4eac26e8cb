import { readMsgpack } from "#shared/wire/msgpack/read-msgpack.ts";
import { writeMsgpack } from "#shared/wire/msgpack/write-msgpack.ts";

/**
 * Bytes of a JSON-like value. Nothing of a message is needed to read another one: producers distrust each other.
 *
 * @throws {TypeError} If the value holds what JSON does not.
 */
export function encodeMessage(value: unknown): Buffer {
  return writeMsgpack(value);
}

/**
 * Value of received bytes; callers validate it with a schema.
 *
 * @throws {RangeError} If the bytes are not one whole msgpack value of JSON's types.
 */
export function decodeMessage(bytes: Uint8Array): unknown {
  return readMsgpack(bytes);
}
