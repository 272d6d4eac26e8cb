import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_READING } from "#shard-agent/records/shard-snapshot.ts";
import { measureRisk } from "#shard-agent/stages/measure-risk.ts";
import { valueBook } from "#shard-agent/stages/value-book.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import {
  anEthAsset,
  aScope,
  aSeries,
  aSnapshot,
  BLOCK_MS,
  EXPIRY_MS,
} from "#test/support/agent/agent-snapshot.ts";
import { aPerpLine } from "#test/support/coordinator/perp-line.ts";

const LATER_SECONDS = BigInt(EXPIRY_MS / 1000) - 86_400n;

function measure(change: Parameters<typeof aSnapshot>[0]) {
  return measureRisk(valueBook(aSnapshot(change), aScope()));
}

test("held hedges are the line without expiry and carry delta only", () => {
  const { greeks, scenarioPnlUsd } = measure({});
  expect(greeks).toEqual([
    expect.objectContaining({ expiryMs: null, deltaUnits: 3, gammaUnitsPerUsd: 0 }),
  ]);
  STANDARD_GRID.forEach(({ spotShock, weight }, index) => {
    expect(scenarioPnlUsd[index]).toBeCloseTo(3 * 2000 * spotShock * weight, 6);
  });
});

test("a short perpetual takes its size off the delta and is a straight line over the grid", () => {
  const perp = aPerpLine({ sizeE18: "-1250000000000000000" });
  const { greeks, scenarioPnlUsd } = measure({ venues: [{ ...EMPTY_READING, perps: [perp] }] });
  expect(greeks).toEqual([expect.objectContaining({ expiryMs: null, deltaUnits: 1.75 })]);
  STANDARD_GRID.forEach(({ spotShock, weight }, index) => {
    expect(scenarioPnlUsd[index]).toBeCloseTo(1.75 * 2000 * spotShock * weight, 6);
  });
});

test("lines are per expiry, ascending, and short calls have negative delta, gamma and vega", () => {
  const series = [aSeries(), aSeries({ expirySeconds: LATER_SECONDS, strikeE8: 250_000_000_000n })];
  const { greeks } = measure({ series });
  expect(greeks.map((line) => line.expiryMs)).toEqual([
    null,
    Number(LATER_SECONDS) * 1000,
    EXPIRY_MS,
  ]);
  for (const line of greeks.slice(1)) {
    expect(line.deltaUnits).toBeLessThan(0);
    expect(line.gammaUnitsPerUsd).toBeLessThan(0);
    expect(line.vegaUsdPerVolPoint).toBeLessThan(0);
    expect(line.thetaUsdPerDay).toBeGreaterThan(0);
  }
});

test("a long call and a short put of one strike are a forward: delta their size, no gamma", () => {
  const hedgeAssets = [anEthAsset({ balanceRaw: 0n })];
  const size = 10n ** 18n;
  const series = [
    aSeries({ takersLongE18: 0n, takersShortE18: size }),
    aSeries({ isCall: false, takersLongE18: size, takersShortE18: 0n }),
  ];
  const { greeks } = measure({ hedgeAssets, series });
  expect(greeks[1]?.deltaUnits).toBeCloseTo(1, 9);
  expect(greeks[1]?.gammaUnitsPerUsd).toBeCloseTo(0, 9);
});

test("an expired series has no risk left", () => {
  const series = [aSeries({ expirySeconds: BigInt(BLOCK_MS / 1000) })];
  expect(measure({ series })).toEqual(measure({}));
});

test("risk is linear in the quantity", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 1000n }), (size) => {
      const hedgeAssets = [anEthAsset({ balanceRaw: 0n })];
      const one = measure({ hedgeAssets, series: [aSeries({ takersLongE18: 10n ** 18n })] });
      const many = measure({
        hedgeAssets,
        series: [aSeries({ takersLongE18: size * 10n ** 18n })],
      });
      const factor = Number(size);
      expect(many.greeks[1]?.deltaUnits).toBeCloseTo((one.greeks[1]?.deltaUnits ?? 0) * factor, 6);
      many.scenarioPnlUsd.forEach((pnlUsd, index) => {
        expect(pnlUsd).toBeCloseTo((one.scenarioPnlUsd[index] ?? 0) * factor, 4);
      });
    }),
    { numRuns: 30 },
  );
});
