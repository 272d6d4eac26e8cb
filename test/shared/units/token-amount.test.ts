import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";

const decimals = fc.integer({ min: 0, max: 24 });
const units = fc.double({ min: 0, max: 1e15, noNaN: true });

/** The double as an exact fraction, by its IEEE 754 bits: a second way, independent of the code's. */
function exact(value: number): { numerator: bigint; denominator: bigint } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const mantissa = (word & 0xfffffffffffffn) + (exponent === 0 ? 0n : 1n << 52n);
  const power = (exponent === 0 ? 1 : exponent) - 1075;
  return power >= 0
    ? { numerator: mantissa << BigInt(power), denominator: 1n }
    : { numerator: mantissa, denominator: 1n << BigInt(-power) };
}

describe("token amounts", () => {
  test.each([
    { units: 1.5, decimals: 6, down: 1_500_000n, up: 1_500_000n },
    { units: 0, decimals: 18, down: 0n, up: 0n },
    { units: 1, decimals: 0, down: 1n, up: 1n },
    { units: 0.5, decimals: 0, down: 0n, up: 1n },
    { units: 1e-7, decimals: 6, down: 0n, up: 1n },
    // The double nearest to 0.1 is a little more than 0.1.
    { units: 0.1, decimals: 18, down: 100_000_000_000_000_005n, up: 100_000_000_000_000_006n },
    { units: 1e21, decimals: 18, down: 10n ** 39n, up: 10n ** 39n },
  ])("$units units at $decimals decimals are $down down and $up up", (row) => {
    expect(rawFromUnitsDown(row.units, row.decimals)).toBe(row.down);
    expect(rawFromUnitsUp(row.units, row.decimals)).toBe(row.up);
  });

  test("down is the floor and up the ceiling of the exact product", () => {
    fc.assert(
      fc.property(units, decimals, (value, places) => {
        const { numerator, denominator } = exact(value);
        const scaled = numerator * 10n ** BigInt(places);
        const floor = scaled / denominator;
        const ceiling = floor * denominator === scaled ? floor : floor + 1n;
        expect(rawFromUnitsDown(value, places)).toBe(floor);
        expect(rawFromUnitsUp(value, places)).toBe(ceiling);
      }),
    );
  });

  test("a raw amount that a number holds exactly comes back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 53n }), (raw) => {
        expect(rawFromUnitsDown(unitsFromRaw(raw, 0), 0)).toBe(raw);
      }),
    );
    expect(unitsFromRaw(1_500_000n, 6)).toBe(1.5);
    expect(unitsFromRaw(-1_500_000n, 6)).toBe(-1.5);
  });

  test.each([-1, -1e-18, Number.NaN, Number.POSITIVE_INFINITY])("%d units are refused", (value) => {
    expect(() => rawFromUnitsDown(value, 6)).toThrow(RangeError);
    expect(() => rawFromUnitsUp(value, 6)).toThrow(RangeError);
  });
});
