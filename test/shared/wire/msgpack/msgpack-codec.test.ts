import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import { aShardReport } from "#test/support/coordinator/shard-report.ts";

const jsonLike = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

describe("the codec", () => {
  test("brings every JSON-like value back unchanged", () => {
    fc.assert(
      fc.property(jsonLike, (value) => {
        const normal = JSON.parse(JSON.stringify(value));
        expect(decodeMessage(encodeMessage(normal))).toEqual(normal);
      }),
    );
  });

  test("brings a report back unchanged, also numbers that only just fit", () => {
    const report = aShardReport({
      seq: Number.MAX_SAFE_INTEGER,
      scenarioPnlUsd: [5e-324, -1.7976931348623157e308, 0.1 + 0.2],
    });

    expect(decodeMessage(encodeMessage(report))).toEqual(report);
  });

  test("gives the same bytes whatever was encoded before: no state is shared", () => {
    const first = encodeMessage(aShardReport());
    encodeMessage({ other: "shape", shard: 1 });

    expect(encodeMessage(aShardReport()).equals(first)).toBe(true);
  });

  test("throws on bytes cut anywhere and on bytes too many", () => {
    const bytes = encodeMessage(aShardReport());
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeMessage(bytes.subarray(0, length)), `${length} bytes`).toThrow();
    }
    expect(() => decodeMessage(Buffer.concat([bytes, Buffer.from([0xc0])]))).toThrow();
  });

  test("throws, and does not crash, on nesting deeper than the stack", () => {
    const bomb = Buffer.alloc(1_000_000, 0x91);

    expect(() => decodeMessage(bomb)).toThrow();
  });

  test("never sets a prototype from received keys", () => {
    const bytes = new Packr().pack(new Map([["__proto__", { isAdmin: true }]]));
    const decoded = decodeMessage(bytes) as Record<string, unknown>;

    expect(decoded["isAdmin"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined();
  });

  test("random bytes either decode or throw an Error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
