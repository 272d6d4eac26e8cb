import type { Band } from "#coordinator/records/planning/band.ts";
import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import type {
  SpotHistory,
  VolatilityForecast,
} from "#coordinator/records/planning/volatility-forecast.ts";
import { volatilityRatio } from "#coordinator/stages/bands/observe-spots.ts";
import type { NetOutcome } from "#coordinator/stages/risk/net-risk.ts";
import type { ForecastPolicy } from "#shared/policy/policy-schema.ts";
import { bandExitProbability } from "#shared/risk/hedging/band-exit.ts";
import { meanVarianceAhead, tracedVariance } from "#shared/risk/statistics/realised-variance.ts";
import { volatilityAt } from "#shared/risk/volatility/volatility-surface.ts";
import { YEAR_MS } from "#shared/units/time.ts";

/** Forecasts of all underlyings of a snapshot of which anything is known. */
export function forecastAll(
  histories: ReadonlyMap<string, SpotHistory>,
  snapshot: MarketSnapshot,
  policy: ForecastPolicy,
): Map<string, Omit<VolatilityForecast, "exitProbability">> {
  const all = [...snapshot.underlyings.keys()].flatMap((ticker) => {
    const implied = impliedVolatility(ticker, snapshot);
    const forecast = forecastVolatility(histories.get(ticker), implied, policy);
    return forecast === undefined ? [] : [[ticker, forecast] as const];
  });
  return new Map(all);
}

/** Volatility expected of one underlying over the horizon; undefined when nothing is known of it. */
export function forecastVolatility(
  history: SpotHistory | undefined,
  impliedVolatility: number | null,
  policy: ForecastPolicy,
): Omit<VolatilityForecast, "exitProbability"> | undefined {
  const ratio = history === undefined ? null : volatilityRatio(history, policy);
  const regime = history?.regime ?? "calm";
  const short = history === undefined ? null : tracedVariance(history.short);
  const long = history === undefined ? null : tracedVariance(history.long);
  if (ratio === null || short === null || long === null) {
    if (impliedVolatility === null) return undefined;
    return { volatility: impliedVolatility, source: "implied", regime, ratio: null };
  }
  const variance = meanVarianceAhead({
    varianceNow: short,
    varianceLong: long,
    years: policy.horizonMs / YEAR_MS,
    reversionPerYear: (Math.LN2 * YEAR_MS) / policy.shortHalfLifeMs,
  });
  return { volatility: Math.sqrt(variance), source: "realised", regime, ratio };
}

/** Probability that the net leaves its band within the horizon by what gamma makes of the moves expected. */
export function exitProbabilityOf(
  outcome: NetOutcome | undefined,
  band: Band | undefined,
  move: { readonly spotUsd: number; readonly volatility: number; readonly horizonMs: number },
): number | null {
  if (outcome?.netted !== true || band === undefined || !(band.halfWidthUnits > 0)) return null;
  const { deltaUnits, gammaUnitsPerUsd } = outcome.net.greeks;
  const moveUsd = move.spotUsd * move.volatility * Math.sqrt(move.horizonMs / YEAR_MS);
  return bandExitProbability({
    deltaUnits,
    halfWidthUnits: band.halfWidthUnits,
    deviationUnits: Math.abs(gammaUnitsPerUsd) * moveUsd,
  });
}

/** Annual volatility at the money of the nearest expiry; null without a surface. */
function impliedVolatility(ticker: string, { underlyings, asOfMs }: MarketSnapshot): number | null {
  const market = underlyings.get(ticker);
  const expiryMs = market?.slices[0]?.expiryMs;
  if (market === undefined || typeof market.spotUsd !== "number" || expiryMs === undefined)
    return null;
  const point = { forwardUsd: market.spotUsd, strikeUsd: market.spotUsd, expiryMs, nowMs: asOfMs };
  return volatilityAt(market.slices, point);
}
