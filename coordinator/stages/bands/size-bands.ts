import type { Band } from "#coordinator/records/planning/band.ts";
import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import type { VolatilityForecast } from "#coordinator/records/planning/volatility-forecast.ts";
import { sizeBand } from "#coordinator/stages/bands/size-band.ts";
import type { NetOutcome } from "#coordinator/stages/risk/net-risk.ts";
import { costSegments, depthPoints, type Side } from "#coordinator/stages/trades/depth-cost.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { gasCostUsd } from "#coordinator/stages/trades/venue-limits.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

export type BandsContext = {
  readonly nets: ReadonlyMap<string, NetOutcome>;
  readonly inputs: readonly ShardInput[];
  readonly nativeUsd: ReadonlyMap<string, number>;
  readonly snapshot: MarketSnapshot;
  readonly policy: Policy;
  /** Net asset value of all shards in USD. */
  readonly navUsd: number;
  readonly forecasts: ReadonlyMap<string, Omit<VolatilityForecast, "exitProbability">>;
};

/** The band of every underlying that can be netted and priced. */
export function sizeBands(context: BandsContext): Map<string, Band> {
  const { nets, policy, inputs, nativeUsd, navUsd, forecasts, snapshot } = context;
  const bands = [...nets].flatMap(([ticker, outcome]): [string, Band][] => {
    const limits = policy.underlyings[ticker];
    const spotUsd = snapshot.underlyings.get(ticker)?.spotUsd;
    if (!outcome.netted || limits === undefined || typeof spotUsd !== "number") return [];
    const band = sizeBand(
      {
        gammaUnitsPerUsd: outcome.net.greeks.gammaUnitsPerUsd,
        spotUsd,
        navUsd,
        gasUsd: leastGasUsd(ticker, inputs, nativeUsd),
        measuredCostFraction: leastCostFraction(ticker, inputs),
        volatility: forecasts.get(ticker)?.volatility ?? null,
        stressFraction: stressFraction(forecasts.get(ticker)?.regime, policy),
      },
      limits,
    );
    return [[ticker, band]];
  });
  return new Map(bands);
}

/** Gas of the cheapest hedge anywhere; null when none is known. */
function leastGasUsd(
  ticker: string,
  inputs: readonly ShardInput[],
  nativeUsd: ReadonlyMap<string, number>,
): number | null {
  const costs = inputs.flatMap((input) => {
    const { capacity, perps } = input.valuation.entry.report;
    const lines = [...capacity, ...perps].filter((line) => line.underlying === ticker);
    return lines.flatMap((line) => gasCostUsd(input, line, nativeUsd) ?? []);
  });
  return costs.length === 0 ? null : Math.min(...costs);
}

/**
 * What the first step of the cheapest depth costs as a fraction of spot, the mean of buying and selling: the next
 * hedge may be either. Null when no shard that reports now has a depth for both.
 */
export function leastCostFraction(ticker: string, inputs: readonly ShardInput[]): number | null {
  const live = inputs.filter((input) => !input.status.isCarried);
  const [buy, sell] = (["buy", "sell"] as const).map((side) => {
    const costs = live.flatMap((input) => firstCosts(ticker, input, side));
    return costs.length === 0 ? null : Math.min(...costs);
  });
  return typeof buy === "number" && typeof sell === "number" ? (buy + sell) / 2 : null;
}

function firstCosts(ticker: string, { valuation, setup }: ShardInput, side: Side): number[] {
  const own = valuation.underlyings.get(ticker);
  const token = setup.underlyings.find((one) => one.ticker === ticker);
  if (own === undefined || token === undefined) return [];
  const depth = {
    side,
    spotUsd: own.spotUsd,
    settlementUsd: valuation.settlementUsd,
    settlementDecimals: setup.settlement.decimals,
    tokenDecimals: token.decimals,
  };
  const lines = valuation.entry.report.capacity.filter((line) => line.underlying === ticker);
  return lines.flatMap((line) => {
    const [first] = costSegments(depthPoints(line, depth, 1), depth);
    return first === undefined ? [] : [first.costUsdPerUnit / own.spotUsd];
  });
}

/** The forecast has to be on: a regime alone changes nothing. */
function stressFraction(regime: VolatilityForecast["regime"] | undefined, policy: Policy): number {
  const { isOn, stressedBandFraction } = policy.triggers.forecast;
  return isOn && regime === "stressed" ? stressedBandFraction : 1;
}
