import { describe, expect, test } from "vitest";
import { addPoint, type NetPoint, NO_EXPOSURE } from "#test/local/observe/exposure-totals.ts";

const point = (netDeltaUnits: number, counterfactualDeltaUnits = netDeltaUnits): NetPoint => ({
  spotUsd: 10,
  netDeltaUnits,
  counterfactualDeltaUnits,
  halfWidthUnits: 1,
  gammaUnitsPerUsd: 0,
  grossOptionDeltaUnits: 6,
});

function totalsOf(points: readonly { readonly at: number; readonly point: NetPoint }[]) {
  let totals = NO_EXPOSURE;
  let previous: { readonly at: number; readonly point: NetPoint } | null = null;
  for (const current of points) {
    const elapsedMs: number = previous === null ? 0 : current.at - previous.at;
    totals = addPoint(totals, {
      previous: previous?.point ?? null,
      current: current.point,
      elapsedMs,
    });
    previous = current;
  }
  return totals;
}

describe("exposure totals", () => {
  test("count the time outside the band with and without hedging", () => {
    const totals = totalsOf([
      { at: 0, point: point(0.5, -3) },
      { at: 1000, point: point(-2, -4) },
      { at: 3000, point: point(0, -4) },
      { at: 4000, point: point(0.1, 0) },
    ]);
    expect(totals).toMatchObject({
      watchedMs: 4000,
      outsideMs: 2000,
      counterfactualOutsideMs: 4000,
      violations: 1,
      outsideSamples: 1,
      maxAbsNetUnits: 2,
      maxAbsCounterfactualUnits: 4,
      grossUnitMs: 24_000,
      absCounterfactualUnitMs: 3000 + 8000 + 4000,
      absCounterfactualUsdMs: 150_000,
    });
  });

  test("count each leaving of the band once, however long it lasts", () => {
    const totals = totalsOf([
      { at: 0, point: point(2) },
      { at: 1000, point: point(2) },
      { at: 2000, point: point(0) },
      { at: 3000, point: point(-2) },
    ]);
    expect(totals).toMatchObject({ violations: 2, outsideSamples: 3 });
  });

  test("a delta on the edge is inside", () => {
    expect(totalsOf([{ at: 0, point: point(1) }]).violations).toBe(0);
  });

  test("leave a gap in the watch out of every average", () => {
    const totals = totalsOf([
      { at: 0, point: point(2) },
      { at: 60_000, point: point(2) },
    ]);
    expect(totals).toMatchObject({ watchedMs: 0, outsideMs: 0, outsideSamples: 2 });
  });
});
