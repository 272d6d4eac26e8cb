import type { Band } from "#coordinator/records/planning/band.ts";
import type { VolatilityForecast } from "#coordinator/records/planning/volatility-forecast.ts";
import type { NetOutcome } from "#coordinator/stages/risk/net-risk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

/** Why a hedge is due although the band is not left yet. */
export type EarlyAction = { readonly kind: "timer" | "forecast"; readonly detail: string };

export type EarlyContext = {
  readonly nets: ReadonlyMap<string, NetOutcome>;
  readonly bands: ReadonlyMap<string, Band>;
  readonly policy: Policy;
  /** True once per `triggers.recentreEveryMs`. */
  readonly isRecentreDue: boolean;
  readonly forecasts: ReadonlyMap<string, VolatilityForecast>;
};

/**
 * Underlyings whose hedge is due before they leave their band. All trade from `earlyFromFraction` of the half-width on,
 * which lies beyond the target of every hedge: so what was traded early is not traded again without news.
 */
export function actEarly(context: EarlyContext): Map<string, EarlyAction> {
  const { triggers } = context.policy;
  const { forecast: limits } = triggers;
  const early = new Map<string, EarlyAction>();
  for (const [ticker, outcome] of context.nets) {
    const band = context.bands.get(ticker);
    if (!outcome.netted || band === undefined) continue;
    if (Math.abs(outcome.net.greeks.deltaUnits) <= triggers.earlyFromFraction * band.halfWidthUnits)
      continue;
    const exitProbability = context.forecasts.get(ticker)?.exitProbability ?? 0;
    if (limits.isOn && exitProbability >= limits.exitProbability) {
      const detail = `leaves its band within ${limits.horizonMs} ms with probability ${exitProbability.toFixed(3)}`;
      early.set(ticker, { kind: "forecast", detail });
      continue;
    }
    if (context.isRecentreDue)
      early.set(ticker, {
        kind: "timer",
        detail: `re-centred every ${triggers.recentreEveryMs} ms`,
      });
  }
  return early;
}

/** The bands with what acts early written in. */
export function bandsActingEarly(
  bands: ReadonlyMap<string, Band>,
  early: ReadonlyMap<string, EarlyAction>,
  policy: Policy,
): Map<string, Band> {
  return new Map(
    [...bands].map(([ticker, band]) => {
      if (!early.has(ticker)) return [ticker, band];
      const { earlyFromFraction } = policy.triggers;
      return [ticker, { ...band, actFromUnits: earlyFromFraction * band.halfWidthUnits }];
    }),
  );
}
