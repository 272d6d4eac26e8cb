import type { Band } from "#coordinator/records/band.ts";
import type { MarketSnapshot } from "#coordinator/records/market-snapshot.ts";
import { costSegments, depthPoints, type Side } from "#coordinator/stages/depth-cost.ts";
import type { ShardInput } from "#coordinator/stages/hedge-option.ts";
import type { NetOutcome } from "#coordinator/stages/net-risk.ts";
import { sizeBand } from "#coordinator/stages/size-band.ts";
import { gasCostUsd } from "#coordinator/stages/venue-limits.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { volatilityAt } from "#shared/risk/volatility-surface.ts";

export type BandsContext = {
  readonly nets: ReadonlyMap<string, NetOutcome>;
  readonly inputs: readonly ShardInput[];
  readonly nativeUsd: ReadonlyMap<string, number>;
  readonly snapshot: MarketSnapshot;
  readonly policy: Policy;
  /** Net asset value of all shards in USD. */
  readonly navUsd: number;
};

/** The band of every underlying that can be netted and priced. */
export function sizeBands(context: BandsContext): Map<string, Band> {
  const { nets, policy, inputs, nativeUsd, navUsd, snapshot } = context;
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
        volatility: impliedVolatility(ticker, snapshot),
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
    const [first] = costSegments(depthPoints(line, depth), depth);
    return first === undefined ? [] : [first.costUsdPerUnit / own.spotUsd];
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
