import {
  RECORD_BYTE,
  RECORD_FIRST,
  RECORD_TYPE,
  RECORDS_MAX,
} from "#shared/wire/msgpack/msgpack-records.ts";

/**
 * A writer of plain msgpack for JSON's types, with one addition (msgpack-records.ts): the objects of a list are records.
 * The first of its kind names its keys, those after it hold values only; a report has hundreds of lines with the same keys.
 * Hashes and ids, texts of 0x and small hex digits, are written as the bytes they stand for.
 */

type Writer = { bytes: Buffer<ArrayBuffer>; view: DataView; at: number; readonly records: Keys[] };
type Keys = readonly string[];
type Fields = Readonly<Record<string, unknown>>;

const BYTES_FIRST = 64 * 1024;
/** Texts up to so many characters are written here: a call of the buffer's own writer costs more. */
const SHORT_TEXT_MAX = 40;
/** A shorter hex text saves next to nothing as bytes; a longer one needs another type. */
const HEX_TEXT_MIN = 18;
const HEX_TEXT_MAX = 2 + 2 * 0xff;
/** msgpack's bytes, up to 255 of them. */
const BYTES_TYPE = 0xc4;
const NO_DIGIT = 0xff;
/** Values of hex digits by their character. */
const DIGITS = Uint8Array.from({ length: 0x80 }, (_one, code) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(code));
  return digit < 0 ? NO_DIGIT : digit;
});
/** Most bytes of a number, or of what stands before the content of anything else. */
const HEAD_MAX = 9;

/** Written into again and again: what is handed out is a copy. */
let kept = Buffer.allocUnsafeSlow(BYTES_FIRST);

/**
 * Bytes of a value.
 *
 * @throws {TypeError} If it holds anything but null, booleans, numbers, texts, lists and objects of these.
 */
export function writeMsgpack(value: unknown): Buffer {
  const writer: Writer = { bytes: kept, view: viewOf(kept), at: 0, records: [] };
  writeValue(writer, value);
  kept = writer.bytes;
  return Buffer.from(writer.bytes.subarray(0, writer.at));
}

function writeValue(writer: Writer, value: unknown): void {
  if (typeof value === "string") writeText(writer, value);
  else if (typeof value === "number") writeNumber(writer, value);
  else if (value === null) writeByte(writer, 0xc0);
  else if (typeof value === "boolean") writeByte(writer, value ? 0xc3 : 0xc2);
  else if (Array.isArray(value)) writeList(writer, value);
  else if (typeof value === "object") writeMap(writer, value as Fields);
  else throw new TypeError(`a ${typeof value} cannot be written; JSON's types only`);
}

function writeNumber(writer: Writer, value: number): void {
  makeRoom(writer, HEAD_MAX);
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) {
    writer.view.setUint8(writer.at, 0xcb);
    writer.view.setFloat64(writer.at + 1, value);
    writer.at += 9;
  } else if (value < 0) writeNegative(writer, value);
  else writeWhole(writer, value);
}

function writeWhole(writer: Writer, value: number): void {
  // Bytes from RECORD_FIRST on stand for records.
  if (value < RECORD_FIRST) writeByte(writer, value);
  else writeUnsigned(writer, value, 0xcc);
}

function writeNegative(writer: Writer, value: number): void {
  const { view, at } = writer;
  if (value >= -0x20) {
    view.setInt8(at, value);
    writer.at = at + 1;
    return;
  }
  const size = value >= -0x80 ? 1 : value >= -0x8000 ? 2 : 4;
  view.setUint8(at, size === 1 ? 0xd0 : size === 2 ? 0xd1 : 0xd2);
  if (size === 1) view.setInt8(at + 1, value);
  else if (size === 2) view.setInt16(at + 1, value);
  else view.setInt32(at + 1, value);
  writer.at = at + 1 + size;
}

/** A type of three that follow each other, for one, two and four bytes, and the number in as many as it needs. */
function writeUnsigned(writer: Writer, value: number, typeOfByte: number): void {
  const { view, at } = writer;
  const size = value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
  view.setUint8(at, size === 1 ? typeOfByte : size === 2 ? typeOfByte + 1 : typeOfByte + 2);
  if (size === 1) view.setUint8(at + 1, value);
  else if (size === 2) view.setUint16(at + 1, value);
  else view.setUint32(at + 1, value);
  writer.at = at + 1 + size;
}

function writeText(writer: Writer, text: string): void {
  const start = writer.at;
  if (isBytesLike(text)) {
    if (writeHexBytes(writer, text)) return;
    writer.at = start;
  }
  writePlainText(writer, text);
}

/** A text as such: all keys are, or a reader would take them for values. */
function writePlainText(writer: Writer, text: string): void {
  const start = writer.at;
  if (text.length <= SHORT_TEXT_MAX && writeAscii(writer, text)) return;
  writer.at = start;
  const size = Buffer.byteLength(text);
  makeRoom(writer, HEAD_MAX + size);
  writeTextHead(writer, size);
  writer.bytes.write(text, writer.at);
  writer.at += size;
}

/** Whether a text may be 0x and the hex digits of bytes, as many as travel as such. */
function isBytesLike(text: string): boolean {
  const { length } = text;
  const isOfWholeBytes = length >= HEX_TEXT_MIN && length <= HEX_TEXT_MAX && length % 2 === 0;
  return isOfWholeBytes && text.charCodeAt(0) === 0x30 && text.charCodeAt(1) === 0x78;
}

/** False when a digit is none, or a capital one, which would come back as a small one: nothing of it counts. */
function writeHexBytes(writer: Writer, text: string): boolean {
  const size = text.length / 2 - 1;
  makeRoom(writer, HEAD_MAX + size);
  const { bytes } = writer;
  let { at } = writer;
  bytes[at] = BYTES_TYPE;
  bytes[at + 1] = size;
  at += 2;
  for (let index = 2; index < text.length; index += 2) {
    const high = DIGITS[text.charCodeAt(index)] ?? NO_DIGIT;
    const low = DIGITS[text.charCodeAt(index + 1)] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) return false;
    bytes[at] = 16 * high + low;
    at += 1;
  }
  writer.at = at;
  return true;
}

/** False when the text is not ASCII: nothing of it counts. */
function writeAscii(writer: Writer, text: string): boolean {
  const { length } = text;
  makeRoom(writer, HEAD_MAX + length);
  writeTextHead(writer, length);
  const { bytes } = writer;
  let { at } = writer;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return false;
    bytes[at] = code;
    at += 1;
  }
  writer.at = at;
  return true;
}

function writeTextHead(writer: Writer, size: number): void {
  if (size < 0x20) writeByte(writer, 0xa0 | size);
  else writeUnsigned(writer, size, 0xd9);
}

/** Length of a list or map: in the type's own byte, or by a type of two that follow each other. */
function writeLength(writer: Writer, length: number, type: { small: number; of16: number }): void {
  makeRoom(writer, HEAD_MAX);
  const { view, at } = writer;
  if (length < 0x10) {
    view.setUint8(at, type.small | length);
    writer.at = at + 1;
  } else if (length <= 0xffff) {
    view.setUint8(at, type.of16);
    view.setUint16(at + 1, length);
    writer.at = at + 3;
  } else {
    view.setUint8(at, type.of16 + 1);
    view.setUint32(at + 1, length);
    writer.at = at + 5;
  }
}

const LIST = { small: 0x90, of16: 0xdc };
const MAP = { small: 0x80, of16: 0xde };

function writeMap(writer: Writer, fields: Fields): void {
  const keys = Object.keys(fields);
  writeLength(writer, keys.length, MAP);
  for (const key of keys) {
    writePlainText(writer, key);
    writeValue(writer, fields[key]);
  }
}

function writeList(writer: Writer, list: readonly unknown[]): void {
  writeLength(writer, list.length, LIST);
  let record = -1;
  for (const value of list) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      writeValue(writer, value);
      continue;
    }
    const fields = value as Fields;
    if (!isOf(writer.records[record], fields)) {
      record = writer.records.findIndex((keys) => isOf(keys, fields));
    }
    if (record >= 0) writeRecord(writer, record, fields);
    else record = writeFirst(writer, fields);
  }
}

/** Whether an object has just these keys, in this order. */
function isOf(keys: Keys | undefined, fields: Fields): boolean {
  if (keys === undefined) return false;
  let index = 0;
  for (const key in fields) {
    if (keys[index] !== key) return false;
    index += 1;
  }
  return index === keys.length;
}

function writeRecord(writer: Writer, record: number, fields: Fields): void {
  writeByte(writer, RECORD_FIRST + record);
  for (const key in fields) writeValue(writer, fields[key]);
}

/** The first object of its kind. Returns the record that it is now; -1 when there are as many as there can be. */
function writeFirst(writer: Writer, fields: Fields): number {
  const { records } = writer;
  const record = records.length;
  if (record >= RECORDS_MAX) {
    writeMap(writer, fields);
    return -1;
  }
  const keys = Object.keys(fields);
  for (const byte of [RECORD_BYTE, RECORD_TYPE, RECORD_FIRST + record]) writeByte(writer, byte);
  writeLength(writer, keys.length, LIST);
  for (const key of keys) writePlainText(writer, key);
  records.push(keys);
  for (const key of keys) writeValue(writer, fields[key]);
  return record;
}

function writeByte(writer: Writer, byte: number): void {
  makeRoom(writer, 1);
  writer.view.setUint8(writer.at, byte);
  writer.at += 1;
}

function makeRoom(writer: Writer, size: number): void {
  const { bytes, at } = writer;
  if (at + size <= bytes.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, at + size));
  bytes.copy(larger, 0, 0, at);
  writer.bytes = larger;
  writer.view = viewOf(larger);
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
