import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import type { SpotHistory } from "#coordinator/records/planning/volatility-forecast.ts";
import type { ForecastPolicy } from "#shared/policy/policy-schema.ts";
import {
  newVarianceTrace,
  tracedVariance,
  traceReturn,
} from "#shared/risk/statistics/realised-variance.ts";
import { YEAR_MS } from "#shared/units/time.ts";

/** Half-lives of the short trace that have to be seen before it says anything. */
const WARM_HALF_LIVES = 2;

/**
 * The histories with what a snapshot adds: one return per `sampleEveryMs` at most, so that sources that take turns do not
 * look like moves. An underlying whose snapshot was refused keeps its history.
 */
export function observeSpots(
  histories: ReadonlyMap<string, SpotHistory>,
  snapshot: MarketSnapshot,
  policy: ForecastPolicy,
): Map<string, SpotHistory> {
  const next = new Map(histories);
  for (const { underlying, spotUsd, refused } of snapshot.underlyings.values()) {
    if (spotUsd === null || refused !== null) continue;
    const before = histories.get(underlying);
    next.set(underlying, observe(before, { spotUsd, atMs: snapshot.asOfMs }, policy));
  }
  return next;
}

function observe(
  before: SpotHistory | undefined,
  now: { readonly spotUsd: number; readonly atMs: number },
  policy: ForecastPolicy,
): SpotHistory {
  if (before === undefined) {
    const short = newVarianceTrace(policy.shortHalfLifeMs / YEAR_MS);
    const long = newVarianceTrace(policy.longHalfLifeMs / YEAR_MS);
    return { ...now, sinceMs: now.atMs, short, long, regime: "calm" };
  }
  const passedMs = now.atMs - before.atMs;
  if (passedMs < policy.sampleEveryMs) return before;
  const move = Math.log(now.spotUsd / before.spotUsd);
  const years = passedMs / YEAR_MS;
  const traced = {
    ...before,
    ...now,
    short: traceReturn(before.short, move, years),
    long: traceReturn(before.long, move, years),
  };
  return { ...traced, regime: regimeOf(traced, policy) };
}

/** Stressed from one ratio of short to long volatility on, calm again only below another that is lower. */
function regimeOf(history: SpotHistory, policy: ForecastPolicy): SpotHistory["regime"] {
  const ratio = volatilityRatio(history, policy);
  if (ratio === null) return history.regime;
  if (history.regime === "calm") return ratio >= policy.stressedFromRatio ? "stressed" : "calm";
  return ratio < policy.calmBelowRatio ? "calm" : "stressed";
}

/** Short over long realised volatility; null until enough was seen, or while nothing moves. */
export function volatilityRatio(history: SpotHistory, policy: ForecastPolicy): number | null {
  if (history.atMs - history.sinceMs < WARM_HALF_LIVES * policy.shortHalfLifeMs) return null;
  const short = tracedVariance(history.short);
  const long = tracedVariance(history.long);
  return short === null || long === null || long === 0 ? null : Math.sqrt(short / long);
}
