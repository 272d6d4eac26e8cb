import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readMsgpack } from "#shared/wire/msgpack/read-msgpack.ts";
import { writeMsgpack } from "#shared/wire/msgpack/write-msgpack.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";
import { readByLibrary } from "#test/support/runner/library-msgpack.ts";

const jsonLike = fc
  .jsonValue({ maxDepth: 5, stringUnit: "binary" })
  .filter((value) => !JSON.stringify(value).includes("__proto__"));
/** Lists of lines of few kinds, as reports have them. */
const lines = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.string(),
      size: fc.double(),
      inner: fc.array(fc.record({ a: jsonLike })),
    }),
    fc.record({ size: fc.integer(), kind: fc.boolean() }),
    fc.record({ a: fc.integer(), b: fc.integer() }, { requiredKeys: [] }),
    jsonLike,
  ),
  { maxLength: 30 },
);

describe("the library and the reader read what is written", () => {
  test("any JSON-like value", () => {
    fc.assert(
      fc.property(jsonLike, (value) => {
        const normal = JSON.parse(JSON.stringify(value));
        expect(readByLibrary(writeMsgpack(normal))).toEqual(normal);
        expect(readMsgpack(writeMsgpack(normal))).toEqual(normal);
      }),
      { numRuns: 500 },
    );
  });

  test("lists of lines, of whatever kinds and in whatever order", () => {
    fc.assert(
      fc.property(lines, (list) => {
        const bytes = writeMsgpack({ list });
        expect(readMsgpack(bytes)).toEqual(readByLibrary(bytes));
        expect(JSON.stringify(readMsgpack(bytes))).toBe(JSON.stringify({ list }));
      }),
      { numRuns: 500 },
    );
  });

  test("any number, bit by bit", () => {
    const edges = [0x3f, 0x40, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 2 ** 31, 2 ** 32];
    const numbers = fc.oneof(
      fc.double(),
      fc.maxSafeInteger(),
      fc.integer(),
      fc.constantFrom(...edges.flatMap((edge) => [edge, edge - 1, -edge, -edge - 1, edge + 0.5])),
    );
    fc.assert(
      fc.property(numbers, (value) => {
        // Written as a whole number, a negative zero is a zero.
        const kept = value === 0 ? 0 : value;
        expect(readByLibrary(writeMsgpack([{ value }]))).toEqual([{ value: kept }]);
        expect(readMsgpack(writeMsgpack([{ value }]))).toEqual([{ value: kept }]);
      }),
      { numRuns: 2000 },
    );
  });

  test("any text of 0x and hex digits, small and capital, as many as there are", () => {
    const digits = fc.constantFrom(..."0123456789abcdef");
    const others = fc.constantFrom("A", "g", "é");
    const mostly = fc.oneof({ weight: 200, arbitrary: digits }, { weight: 1, arbitrary: others });
    const hex = fc.string({ unit: mostly, maxLength: 600, size: "max" });
    fc.assert(
      fc.property(fc.array(hex, { maxLength: 5 }), (all) => {
        const texts = all.map((one) => `0x${one}`);
        expect(readMsgpack(writeMsgpack(texts))).toEqual(texts);
        expect(readByLibrary(writeMsgpack(texts))).toEqual(texts);
      }),
      { numRuns: 500 },
    );
  });

  test("more kinds of lines than there are records", () => {
    const kinds = Array.from({ length: 70 }, (_, index) => ({ [`k${index}`]: index, both: 1 }));
    const list = [...kinds, ...kinds, ...kinds.toReversed()];
    const bytes = writeMsgpack(list);
    expect(readMsgpack(bytes)).toEqual(list);
    expect(readByLibrary(bytes)).toEqual(list);
  });

  test("what is larger than the room that was there", () => {
    const value = {
      text: "é".repeat(300_000),
      list: Array.from({ length: 70_000 }, (_, at) => at),
    };
    expect(readMsgpack(writeMsgpack(value))).toEqual(value);
  });
});

test("a line after the first of its kind holds no keys", () => {
  const line = { seriesId: `0x${"ab".repeat(32)}`, quantity: 1.5, markUsd: 2.5 };
  const bytesOf = (count: number) => writeMsgpack(Array.from({ length: count }, () => line)).length;
  const values = writeMsgpack(Object.values(line)).length - 1;
  expect(bytesOf(3) - bytesOf(2)).toBe(1 + values);
});

test.each([
  { what: "an id", text: `0x${"ab".repeat(32)}`, bytes: 2 + 32 },
  { what: "the longest", text: `0x${"0f".repeat(255)}`, bytes: 2 + 255 },
  { what: "one byte more", text: `0x${"0f".repeat(256)}`, bytes: 3 + 514 },
  { what: "the shortest", text: `0x${"0f".repeat(8)}`, bytes: 2 + 8 },
  { what: "one byte less", text: `0x${"0f".repeat(7)}`, bytes: 1 + 16 },
  { what: "half a byte too many", text: `0x${"ab".repeat(32)}c`, bytes: 2 + 67 },
  { what: "an address with its checksum", text: `0x${"aB".repeat(20)}`, bytes: 2 + 42 },
])("hex digits of whole bytes take half the room: $what", ({ text, bytes }) => {
  expect(writeMsgpack(text)).toHaveLength(bytes);
  expect(readMsgpack(writeMsgpack(text))).toBe(text);
});

test("keys stay texts, also where they are hex digits: in maps, records and in lists of them", () => {
  const keyed = { [`0x${"ab".repeat(20)}`]: { [`0x${"0f".repeat(32)}`]: 1 } };
  for (const value of [keyed, [keyed, keyed], { list: [keyed] }]) {
    expect(readMsgpack(writeMsgpack(value))).toEqual(value);
    expect(readByLibrary(writeMsgpack(value))).toEqual(value);
  }
});

test("what was handed out stays when something else is written", () => {
  const first = writeMsgpack(aFullReport(3));
  const before = Buffer.from(first);
  writeMsgpack({ other: "x".repeat(first.length) });
  expect(first.equals(before)).toBe(true);
});

test.each([
  { what: "nothing", value: undefined },
  { what: "nothing in a line", value: [{ a: 1 }, { a: undefined }] },
  { what: "a bigint", value: 1n },
  { what: "a function", value: { run: () => 1 } },
])("refuses $what", ({ value }) => {
  expect(() => writeMsgpack(value)).toThrow(TypeError);
  expect(readMsgpack(writeMsgpack([{ still: "works" }]))).toEqual([{ still: "works" }]);
});
