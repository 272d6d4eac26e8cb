import type { BookRisk } from "#test/local/check/accounts/book-risk.ts";

/** An interval between two samples longer than this was not watched and is left out of every average. */
export const WATCH_GAP_MAX_MS = 10_000;

/** Net exposure to one underlying at one sample. */
export type NetPoint = {
  readonly spotUsd: number;
  readonly netDeltaUnits: number;
  /** Same fills, no hedges, no transfers. */
  readonly counterfactualDeltaUnits: number;
  readonly halfWidthUnits: number;
  readonly gammaUnitsPerUsd: number;
  readonly grossOptionDeltaUnits: number;
};

/** One look at all chains. */
export type Sample = {
  readonly atMs: number;
  readonly shards: readonly {
    readonly shard: string;
    readonly blockNumber: number;
    readonly exposures: Readonly<
      Record<string, { readonly optionDeltaUnits: number; readonly hedgeUnits: number }>
    >;
  }[];
  readonly net: Readonly<Record<string, NetPoint>>;
};

/** Time integrals of one underlying; each sample counts until the next one. */
export type ExposureTotals = {
  readonly watchedMs: number;
  readonly outsideMs: number;
  readonly counterfactualOutsideMs: number;
  /** Times the net delta left the band. */
  readonly violations: number;
  readonly outsideSamples: number;
  readonly absNetUnitMs: number;
  readonly absCounterfactualUnitMs: number;
  readonly grossUnitMs: number;
  readonly absNetUsdMs: number;
  readonly absCounterfactualUsdMs: number;
  readonly grossUsdMs: number;
  readonly maxAbsNetUnits: number;
  readonly maxAbsCounterfactualUnits: number;
};

/** Totals before the first sample. */
export const NO_EXPOSURE: ExposureTotals = {
  watchedMs: 0,
  outsideMs: 0,
  counterfactualOutsideMs: 0,
  violations: 0,
  outsideSamples: 0,
  absNetUnitMs: 0,
  absCounterfactualUnitMs: 0,
  grossUnitMs: 0,
  absNetUsdMs: 0,
  absCounterfactualUsdMs: 0,
  grossUsdMs: 0,
  maxAbsNetUnits: 0,
  maxAbsCounterfactualUnits: 0,
};

/** One sample of a valued book. */
export function sampleOf(risk: BookRisk, atMs: number): Sample {
  const net: Record<string, NetPoint> = {};
  for (const [ticker, n] of Object.entries(risk.net)) {
    net[ticker] = {
      spotUsd: n.spotUsd,
      netDeltaUnits: n.netDeltaUnits,
      counterfactualDeltaUnits: n.optionDeltaUnits,
      halfWidthUnits: n.halfWidthUnits,
      gammaUnitsPerUsd: n.gammaUnitsPerUsd,
      grossOptionDeltaUnits: n.grossOptionDeltaUnits,
    };
  }
  const shards = risk.shards.map((s) => ({
    shard: s.shard,
    blockNumber: s.blockNumber,
    exposures: deltasOf(s.exposures),
  }));
  return { atMs, shards, net };
}

/** Totals after `current`, when `previous` (null at the start) is what held since the last sample. */
export function addPoint(
  totals: ExposureTotals,
  o: { readonly previous: NetPoint | null; readonly current: NetPoint; readonly elapsedMs: number },
): ExposureTotals {
  const left = isOutside(o.current) && (o.previous === null || !isOutside(o.previous));
  const counted = {
    ...totals,
    violations: totals.violations + (left ? 1 : 0),
    outsideSamples: totals.outsideSamples + (isOutside(o.current) ? 1 : 0),
    maxAbsNetUnits: Math.max(totals.maxAbsNetUnits, Math.abs(o.current.netDeltaUnits)),
    maxAbsCounterfactualUnits: Math.max(
      totals.maxAbsCounterfactualUnits,
      Math.abs(o.current.counterfactualDeltaUnits),
    ),
  };
  if (o.previous === null || o.elapsedMs > WATCH_GAP_MAX_MS) return counted;
  return addInterval(counted, o.previous, o.elapsedMs);
}

/** Whether the net delta is beyond the band's edge. */
function isOutside(point: NetPoint): boolean {
  return Math.abs(point.netDeltaUnits) > point.halfWidthUnits;
}

function addInterval(totals: ExposureTotals, held: NetPoint, elapsedMs: number): ExposureTotals {
  const net = Math.abs(held.netDeltaUnits) * elapsedMs;
  const counterfactual = Math.abs(held.counterfactualDeltaUnits) * elapsedMs;
  const gross = held.grossOptionDeltaUnits * elapsedMs;
  const wouldBeOutside = Math.abs(held.counterfactualDeltaUnits) > held.halfWidthUnits;
  return {
    ...totals,
    watchedMs: totals.watchedMs + elapsedMs,
    outsideMs: totals.outsideMs + (isOutside(held) ? elapsedMs : 0),
    counterfactualOutsideMs: totals.counterfactualOutsideMs + (wouldBeOutside ? elapsedMs : 0),
    absNetUnitMs: totals.absNetUnitMs + net,
    absCounterfactualUnitMs: totals.absCounterfactualUnitMs + counterfactual,
    grossUnitMs: totals.grossUnitMs + gross,
    absNetUsdMs: totals.absNetUsdMs + net * held.spotUsd,
    absCounterfactualUsdMs: totals.absCounterfactualUsdMs + counterfactual * held.spotUsd,
    grossUsdMs: totals.grossUsdMs + gross * held.spotUsd,
  };
}

function deltasOf(exposures: BookRisk["shards"][number]["exposures"]) {
  const entries = Object.entries(exposures);
  return Object.fromEntries(
    entries.map(([ticker, e]) => [
      ticker,
      { optionDeltaUnits: e.optionDeltaUnits, hedgeUnits: e.hedgeUnits },
    ]),
  );
}
