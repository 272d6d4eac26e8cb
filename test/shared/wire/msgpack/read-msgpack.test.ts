import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import { readMsgpack } from "#shared/wire/msgpack/read-msgpack.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";
import { aShardReport } from "#test/support/coordinator/shard-report.ts";
import { library, readByLibrary } from "#test/support/runner/library-msgpack.ts";

/** What older agents write with: maps only. */
const mapsOnly = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  moreTypes: false,
  int64AsType: "number",
});

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ minLength: 28, maxLength: 30 }),
  fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 70_000, size: "max" }),
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdefA"), maxLength: 600 })
    .map((hex) => `0x${hex}`),
);
const anyNumber = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer());

describe("reads what the library writes as the library does:", () => {
  test.each([
    { what: "with records", writer: library },
    { what: "as maps", writer: mapsOnly },
    { what: "by this product's own writer", writer: { pack: encodeMessage } },
  ])("any JSON-like value $what", ({ writer }) => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }), (value) => {
        const bytes = Buffer.from(writer.pack(value));
        expect(readMsgpack(bytes)).toEqual(readByLibrary(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test("a report with records and as maps, to the same report", () => {
    const report = aFullReport(5);
    const [withRecords, maps] = [library.pack(report), mapsOnly.pack(report)];
    expect(readMsgpack(withRecords)).toEqual(report);
    expect(readMsgpack(maps)).toEqual(report);
    expect(readMsgpack(encodeMessage(report))).toEqual(report);
    expect(withRecords.length).toBeLessThan(maps.length);
  });

  test("any number, bit by bit", () => {
    fc.assert(
      fc.property(anyNumber, (value) => {
        // Written as a whole number, a negative zero is a zero.
        const kept = value === 0 ? 0 : value;
        expect(readMsgpack(encodeMessage(value))).toBe(kept);
      }),
      { numRuns: 1000 },
    );
  });

  test("any text, also when others were read between", () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 40 }), (texts) => {
        const bytes = encodeMessage(texts);
        expect(readMsgpack(bytes)).toEqual(readByLibrary(bytes));
      }),
    );
  });

  test("long lists and wide maps", () => {
    const wide = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, 1]));
    const long = Array.from({ length: 70_000 }, (_, index) => index - 35_000);
    expect(readMsgpack(encodeMessage({ wide, long }))).toEqual({ wide, long });
  });

  test("whatever a changed report's bytes still are", () => {
    const report = encodeMessage(aShardReport());
    const change = fc.tuple(fc.nat({ max: report.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = Buffer.from(report);
        for (const [at, byte] of changes) bytes[at] = byte;
        const mine = outcomeOf(() => readMsgpack(bytes));
        // What it refuses more than the library are types and depths that no schema knows.
        if (mine.read) expect(outcomeOf(() => readByLibrary(bytes))).toEqual(mine);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  { what: "bytes by a longer length", bytes: [0xc5, 0, 1, 7], says: "0xc5 is not used" },
  { what: "bytes cut off", bytes: [0xc4, 3, 7, 7], says: "goes on to 5" },
  { what: "bytes as a key", bytes: [0x81, 0xc4, 1, 7, 1], says: "a key is not a text" },
  { what: "an extension", bytes: [0xd6, 0xff, 0, 0, 0, 0], says: "0xd6 is not used" },
  { what: "the reserved type", bytes: [0xc1], says: "0xc1 is not used" },
  { what: "a number as a key", bytes: [0x81, 1, 1], says: "a key is not a text" },
  { what: "another extension", bytes: [0xd4, 0x01, 0x40], says: "extension 0x1 is not used" },
  { what: "a record below its bytes", bytes: [0xd4, 0x72, 0x3f, 0x90], says: "is not used" },
  { what: "a record above its bytes", bytes: [0xd4, 0x72, 0x80, 0x90], says: "is not used" },
  { what: "a record without keys", bytes: [0xd4, 0x72, 0x40, 0x80], says: "list of a record" },
  { what: "a number as a record's key", bytes: [0xd4, 0x72, 0x40, 0x91, 1], says: "not a text" },
  { what: "more keys than bytes", bytes: [0xd4, 0x72, 0x40, 0x9f, 0xa0], says: "in 1 bytes" },
  { what: "a record cut off", bytes: [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61], says: "in 0 bytes" },
  { what: "nothing", bytes: [], says: "0 bytes" },
  { what: "two values", bytes: [1, 2], says: "the value ends after 1" },
  { what: "a list of 2^32 - 1", bytes: [0xdd, 255, 255, 255, 255, 1], says: "in 1 bytes" },
  { what: "a map of 2^16 - 1", bytes: [0xde, 255, 255, 0xa1, 0x61, 1], says: "in 3 bytes" },
  { what: "33 lists in each other", bytes: [...Array(33).fill(0x91), 1], says: "deeper than 32" },
])("refuses $what and says where", ({ bytes, says }) => {
  expect(() => readMsgpack(Uint8Array.from(bytes))).toThrow(RangeError);
  expect(() => readMsgpack(Uint8Array.from(bytes))).toThrow(says);
});

test("a record is known within its message only, and before it is named its byte is a number", () => {
  const named = [0xd4, 0x72, 0x41, 0x91, 0xa1, 0x61, 7];
  expect(readMsgpack(Uint8Array.from([0x93, 0x41, ...named, 0x41, 8]))).toEqual([
    0x41,
    { a: 7 },
    { a: 8 },
  ]);
  expect(readMsgpack(Uint8Array.from([0x92, 0x41, 0x41]))).toEqual([0x41, 0x41]);
});

test("a record's key never sets a prototype", () => {
  const bytes = library.pack([new Map([["__proto__", 1]]), JSON.parse('{"__proto__": {"x": 1}}')]);
  const [first, second] = readMsgpack(bytes) as Record<string, unknown>[];
  for (const one of [first, second]) {
    expect(Object.getPrototypeOf(one)).toBe(Object.prototype);
    expect(one?.["x"]).toBeUndefined();
  }
});

test("reads a part of a larger buffer, from where it begins", () => {
  const bytes = encodeMessage({ a: [1.5, "x"] });
  const larger = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(3, 0xff)]);
  expect(readMsgpack(larger.subarray(3, 3 + bytes.length))).toEqual({ a: [1.5, "x"] });
});

function outcomeOf(read: () => unknown): { read: true; value: unknown } | { read: false } {
  try {
    return { read: true, value: read() };
  } catch {
    return { read: false };
  }
}
