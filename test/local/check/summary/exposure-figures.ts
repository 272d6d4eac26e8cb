import type { BookRisk } from "#test/local/check/accounts/book-risk.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import {
  type ExposureTotals,
  NO_EXPOSURE,
  type Sample,
} from "#test/local/observe/exposure-totals.ts";
import type { Observation } from "#test/local/observe/observer.ts";

const SERIES_POINTS_MAX = 240;

/** What the watch and the final state say of every underlying. */
export function exposureFigures(
  final: BookRisk | null,
  observation: Pick<Observation, "samples" | "exposure">,
): Pick<Summary, "underlyings" | "offsettingRatioUsd"> {
  const underlyings: Summary["underlyings"] = {};
  for (const [ticker, net] of Object.entries(final?.net ?? {})) {
    const totals = observation.exposure[ticker] ?? NO_EXPOSURE;
    underlyings[ticker] = {
      final: {
        spotUsd: net.spotUsd,
        netDeltaUnits: net.netDeltaUnits,
        optionDeltaUnits: net.optionDeltaUnits,
        hedgeUnits: net.hedgeUnits,
        perpUnits: net.perpUnits,
        gammaUnitsPerUsd: net.gammaUnitsPerUsd,
        halfWidthUnits: net.halfWidthUnits,
      },
      ...averages(totals),
      series: thin(observation.samples, SERIES_POINTS_MAX).flatMap((sample) =>
        pointOf(sample, ticker),
      ),
    };
  }
  const all = Object.values(observation.exposure);
  const grossUsdMs = all.reduce((sum, t) => sum + t.grossUsdMs, 0);
  const netUsdMs = all.reduce((sum, t) => sum + t.absCounterfactualUsdMs, 0);
  return { underlyings, offsettingRatioUsd: ratio(grossUsdMs, netUsdMs) };
}

/** At most `limit` entries, evenly spaced, the first and the last among them. */
export function thin<T>(entries: readonly T[], limit: number): T[] {
  if (entries.length <= limit) return [...entries];
  const step = (entries.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, i) => entries[Math.round(i * step)]).filter(
    (e) => e !== undefined,
  );
}

/** Quotient, or null when there is nothing to divide by. */
function ratio(numerator: number, denominator: number): number | null {
  return denominator > 0 ? numerator / denominator : null;
}

function averages(totals: ExposureTotals) {
  const mean = (unitMs: number) => ratio(unitMs, totals.watchedMs) ?? 0;
  return {
    watchedMs: totals.watchedMs,
    timeOutsideBandMs: totals.outsideMs,
    counterfactualTimeOutsideBandMs: totals.counterfactualOutsideMs,
    bandViolations: totals.violations,
    meanAbsNetDeltaUnits: mean(totals.absNetUnitMs),
    meanAbsCounterfactualDeltaUnits: mean(totals.absCounterfactualUnitMs),
    maxAbsNetDeltaUnits: totals.maxAbsNetUnits,
    maxAbsCounterfactualDeltaUnits: totals.maxAbsCounterfactualUnits,
    offsettingRatio: ratio(totals.grossUnitMs, totals.absCounterfactualUnitMs),
  };
}

function pointOf(sample: Sample, ticker: string) {
  const net = sample.net[ticker];
  if (net === undefined) return [];
  const { spotUsd, netDeltaUnits, counterfactualDeltaUnits, halfWidthUnits } = net;
  return [{ atMs: sample.atMs, spotUsd, netDeltaUnits, counterfactualDeltaUnits, halfWidthUnits }];
}
