import { RECORD_BYTE, RECORD_FIRST, RECORD_TYPE } from "#shared/wire/msgpack/msgpack-records.ts";

/**
 * A reader of plain msgpack: nil, booleans, numbers, texts, up to 255 bytes, lists, maps with text keys and records
 * (msgpack-records.ts); that is all that travels. It keeps no state of a message but its short texts, and needs no native
 * code. Other extensions and longer bytes are refused here, before any schema: nobody who is honest sends them.
 */

type Reader = {
  readonly bytes: Buffer;
  readonly view: DataView;
  at: number;
  /** Keys of the records named so far, by their byte. */
  readonly records: (readonly string[])[];
};

/** Deeper than any schema, and far from the end of the stack. */
const DEPTH_MAX = 32;
/** Texts up to this many bytes are looked up among those read before: keys repeat, line after line. */
const SHORT_BYTES_MAX = 28;
const SHORT_SLOTS = 4096;

/** Short ASCII texts by their hash; a text that meets another one in its slot takes its place. */
const shortTexts: string[] = new Array<string>(SHORT_SLOTS).fill("");

/**
 * The value of bytes that hold exactly one.
 *
 * @throws {RangeError} If they do not: cut off, too long, nested too deep, or of a type that is not used.
 */
export function readMsgpack(received: Uint8Array): unknown {
  const { buffer, byteOffset, byteLength } = received;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const view = new DataView(buffer, byteOffset, byteLength);
  const reader: Reader = { bytes, view, at: 0, records: [] };
  const value = readValue(reader, 0);
  if (reader.at !== byteLength) {
    throw new RangeError(`${byteLength} bytes, and the value ends after ${reader.at}`);
  }
  return value;
}

function readValue(reader: Reader, depth: number): unknown {
  const type = byteOf(reader);
  if (type < RECORD_FIRST) return type;
  if (type < 0x80) return readRecord(reader, type, depth);
  if (type < 0x90) return readMap(reader, type & 0x0f, depth);
  if (type < 0xa0) return readList(reader, type & 0x0f, depth);
  if (type < 0xc0) return readText(reader, type & 0x1f);
  if (type >= 0xe0) return type - 0x100;
  if (type >= 0xca && type <= 0xd3) return readNumber(reader, type);
  switch (type) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return readHex(reader, unsigned(reader, 1));
    case RECORD_BYTE:
      return readFirst(reader, depth);
    case 0xd9:
      return readText(reader, unsigned(reader, 1));
    case 0xda:
      return readText(reader, unsigned(reader, 2));
    case 0xdb:
      return readText(reader, unsigned(reader, 4));
    case 0xdc:
      return readList(reader, unsigned(reader, 2), depth);
    case 0xdd:
      return readList(reader, unsigned(reader, 4), depth);
    case 0xde:
      return readMap(reader, unsigned(reader, 2), depth);
    case 0xdf:
      return readMap(reader, unsigned(reader, 4), depth);
    default:
      throw new RangeError(`byte ${reader.at - 1}: type 0x${type.toString(16)} is not used`);
  }
}

/** Bytes stand for the text that says them: 0x and small hex digits. */
function readHex(reader: Reader, length: number): string {
  const start = skip(reader, length);
  return `0x${reader.bytes.toString("hex", start, start + length)}`;
}

function readNumber(reader: Reader, type: number): number {
  const { view } = reader;
  switch (type) {
    case 0xca:
      return view.getFloat32(skip(reader, 4));
    case 0xcb:
      return view.getFloat64(skip(reader, 8));
    case 0xcc:
    case 0xcd:
    case 0xce:
      return unsigned(reader, 1 << (type - 0xcc));
    case 0xcf: {
      const high = unsigned(reader, 4);
      return high * 2 ** 32 + unsigned(reader, 4);
    }
    case 0xd0:
      return view.getInt8(skip(reader, 1));
    case 0xd1:
      return view.getInt16(skip(reader, 2));
    case 0xd2:
      return view.getInt32(skip(reader, 4));
    default: {
      const high = view.getInt32(skip(reader, 4));
      return high * 2 ** 32 + unsigned(reader, 4);
    }
  }
}

function unsigned(reader: Reader, size: number): number {
  const { view } = reader;
  if (size === 1) return view.getUint8(skip(reader, 1));
  if (size === 2) return view.getUint16(skip(reader, 2));
  return view.getUint32(skip(reader, 4));
}

function readList(reader: Reader, length: number, depth: number): unknown[] {
  requireRoom(reader, length, depth);
  const list: unknown[] = [];
  for (let index = 0; index < length; index += 1) list.push(readValue(reader, depth + 1));
  return list;
}

function readMap(reader: Reader, length: number, depth: number): Record<string, unknown> {
  requireRoom(reader, 2 * length, depth);
  const map: Record<string, unknown> = {};
  for (let index = 0; index < length; index += 1) {
    const key = readKey(reader);
    map[key] = readValue(reader, depth + 1);
  }
  return map;
}

/** An object of a record that was named; a byte that stands for none is the number that it is in plain msgpack. */
function readRecord(reader: Reader, type: number, depth: number): unknown {
  const keys = reader.records[type - RECORD_FIRST];
  return keys === undefined ? type : readFields(reader, keys, depth);
}

/** Names a record, and reads its first object. */
function readFirst(reader: Reader, depth: number): unknown {
  const at = reader.at - 1;
  const [extension, type] = [byteOf(reader), byteOf(reader)];
  if (extension !== RECORD_TYPE || type < RECORD_FIRST || type >= 0x80) {
    throw new RangeError(`byte ${at}: extension 0x${extension.toString(16)} is not used`);
  }
  const keys = readKeys(reader, depth);
  reader.records[type - RECORD_FIRST] = keys;
  return readFields(reader, keys, depth);
}

function readKeys(reader: Reader, depth: number): readonly string[] {
  const type = byteOf(reader);
  const isLong = type === 0xdc;
  if (!isLong && (type & 0xf0) !== 0x90) {
    throw new RangeError(`byte ${reader.at - 1}: no list of a record's keys`);
  }
  const length = isLong ? unsigned(reader, 2) : type & 0x0f;
  requireRoom(reader, length, depth);
  const keys: string[] = [];
  for (let index = 0; index < length; index += 1) keys.push(readKey(reader));
  return keys;
}

function readFields(
  reader: Reader,
  keys: readonly string[],
  depth: number,
): Record<string, unknown> {
  requireRoom(reader, keys.length, depth);
  const map: Record<string, unknown> = {};
  for (const key of keys) map[key] = readValue(reader, depth + 1);
  return map;
}

function readKey(reader: Reader): string {
  const type = byteOf(reader);
  if (type >= 0xa0 && type < 0xc0) return ownKey(readText(reader, type & 0x1f));
  if (type === 0xd9) return ownKey(readText(reader, unsigned(reader, 1)));
  throw new RangeError(`byte ${reader.at - 1}: a key is not a text`);
}

/** A key that would reach past the object is kept from doing so, and no schema knows it. */
function ownKey(key: string): string {
  return key === "__proto__" ? "__proto_" : key;
}

function readText(reader: Reader, length: number): string {
  const start = skip(reader, length);
  const { bytes } = reader;
  if (length > SHORT_BYTES_MAX) return bytes.toString("utf8", start, start + length);
  let hash = length;
  for (let at = start; at < start + length; at += 1) {
    const byte = bytes[at] as number;
    if (byte > 0x7f) return bytes.toString("utf8", start, start + length);
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  const slot = (hash ^ (hash >>> 15)) & (SHORT_SLOTS - 1);
  const first = shortTexts[slot] as string;
  if (isText(first, bytes, start, length)) return first;
  const second = shortTexts[slot ^ 1] as string;
  if (isText(second, bytes, start, length)) return second;
  const text = ownCopy(bytes.toString("latin1", start, start + length));
  shortTexts[first === "" ? slot : slot ^ 1] = text;
  return text;
}

/** As a property name a text is the engine's own copy of it, which makes it a quick key. */
function ownCopy(text: string): string {
  return Object.keys({ [text]: true })[0] as string;
}

function isText(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

function byteOf(reader: Reader): number {
  return reader.bytes[skip(reader, 1)] as number;
}

/** Where the next `length` bytes begin. */
function skip(reader: Reader, length: number): number {
  const start = reader.at;
  const end = start + length;
  if (end > reader.bytes.length) {
    throw new RangeError(`${reader.bytes.length} bytes, and the value goes on to ${end}`);
  }
  reader.at = end;
  return start;
}

/** Every part takes a byte at least, so a claimed length cannot make a few bytes cost much. */
function requireRoom(reader: Reader, parts: number, depth: number): void {
  if (depth >= DEPTH_MAX)
    throw new RangeError(`byte ${reader.at}: nested deeper than ${DEPTH_MAX}`);
  const left = reader.bytes.length - reader.at;
  if (parts > left) throw new RangeError(`byte ${reader.at}: ${parts} parts in ${left} bytes`);
}
