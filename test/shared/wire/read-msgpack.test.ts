import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { encodeMessage } from "#shared/wire/msgpack-codec.ts";
import { readMsgpack } from "#shared/wire/read-msgpack.ts";
import { aShardReport } from "#test/support/coordinator/shard-report.ts";

/** The library that writes the messages, reading them too. */
const library = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number" });

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ minLength: 28, maxLength: 30 }),
  fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 70_000, size: "max" }),
);
const anyNumber = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer());

describe("reads what the library writes as the library does:", () => {
  test("any JSON-like value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }), (value) => {
        const bytes = encodeMessage(value);
        expect(readMsgpack(bytes)).toEqual(library.unpack(bytes));
      }),
      { numRuns: 500 },
    );
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
        expect(readMsgpack(bytes)).toEqual(library.unpack(bytes));
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
        if (mine.read) expect(outcomeOf(() => library.unpack(bytes))).toEqual(mine);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  { what: "binary", bytes: [0xc4, 1, 7], says: "0xc4 is not used" },
  { what: "an extension", bytes: [0xd6, 0xff, 0, 0, 0, 0], says: "0xd6 is not used" },
  { what: "the reserved type", bytes: [0xc1], says: "0xc1 is not used" },
  { what: "a number as a key", bytes: [0x81, 1, 1], says: "a key is not a text" },
  { what: "nothing", bytes: [], says: "0 bytes" },
  { what: "two values", bytes: [1, 2], says: "the value ends after 1" },
  { what: "a list of 2^32 - 1", bytes: [0xdd, 255, 255, 255, 255, 1], says: "in 1 bytes" },
  { what: "a map of 2^16 - 1", bytes: [0xde, 255, 255, 0xa1, 0x61, 1], says: "in 3 bytes" },
  { what: "33 lists in each other", bytes: [...Array(33).fill(0x91), 1], says: "deeper than 32" },
])("refuses $what and says where", ({ bytes, says }) => {
  expect(() => readMsgpack(Uint8Array.from(bytes))).toThrow(RangeError);
  expect(() => readMsgpack(Uint8Array.from(bytes))).toThrow(says);
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
