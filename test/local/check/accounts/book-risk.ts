import type { Policy } from "#shared/policy/policy-schema.ts";
import { optionFigures } from "#test/local/check/accounts/option-value.ts";
import { type FeedSlice, totalVariance } from "#test/local/check/accounts/total-variance.ts";
import { bandHalfWidth } from "#test/local/check/summary/band-half-width.ts";
import type { ChainState, SeriesState } from "#test/local/observe/chain-state.ts";

const YEAR_MS = 365 * 86_400_000;
/** Gas of one mandated Uniswap swap, rounded up. */
const HEDGE_GAS_UNITS = 420_000;

/** What is known of one underlying over all chains: the price and surface everything is valued on. */
type Market = { readonly spotUsd: number; readonly slices: readonly FeedSlice[] };

/** One shard's exposure to one underlying. `optionDeltaUnits` leaves the held hedge out. */
export type ShardExposure = {
  readonly optionDeltaUnits: number;
  readonly hedgeUnits: number;
  /** Position in perpetuals, positive long. */
  readonly perpUnits: number;
  readonly gammaUnitsPerUsd: number;
  readonly vegaUsdPerVolPoint: number;
  readonly optionValueUsd: number;
};

/** One shard on the common market. `navUsd` is cash + hedges + accounts at perpetual venues + options marked to market. */
export type ShardRisk = {
  readonly shard: string;
  readonly blockNumber: number;
  readonly navUsd: number;
  readonly exposures: Readonly<Record<string, ShardExposure>>;
};

/** All shards together in one underlying. `optionDeltaUnits` is the net delta without spot hedges and perpetuals; longs at venues are in it. */
export type NetExposure = {
  readonly spotUsd: number;
  readonly optionDeltaUnits: number;
  readonly hedgeUnits: number;
  readonly perpUnits: number;
  readonly netDeltaUnits: number;
  readonly gammaUnitsPerUsd: number;
  readonly halfWidthUnits: number;
  /** Sum over shards of the absolute option delta: what netting saves is this against the net. */
  readonly grossOptionDeltaUnits: number;
};

export type BookRisk = {
  readonly shards: readonly ShardRisk[];
  readonly net: Readonly<Record<string, NetExposure>>;
  readonly navUsd: number;
  /** Gas of a hedge on the chain where it is cheapest, in USD; part of the band's floor. */
  readonly gasUsd: number;
};

/**
 * Net exposure of the world from chain reads alone: median spot over the chains, the newest slice of
 * each expiry, Black-Scholes at zero rate, plain sums.
 *
 * @param extraNavUsd Value that belongs to the vaults but is in none of them, such as transfers on their way.
 * @throws {RangeError} If there is no chain, a chain lacks an underlying of the policy, or an option cannot be valued.
 */
export function bookRisk(states: readonly ChainState[], policy: Policy, extraNavUsd = 0): BookRisk {
  const tickers = Object.keys(policy.underlyings);
  const markets = new Map(tickers.map((ticker) => [ticker, commonMarket(states, ticker)]));
  const shards = states.map((state) => shardRisk(state, markets));
  const navUsd = shards.reduce((sum, s) => sum + s.navUsd, extraNavUsd);
  const gasUsd = hedgeGasUsd(states, markets);
  const net: Record<string, NetExposure> = {};
  for (const [ticker, market] of markets) {
    const exposures = shards.map((s) => exposureOf(s, ticker));
    const optionDeltaUnits = sum(exposures.map((e) => e.optionDeltaUnits));
    const hedgeUnits = sum(exposures.map((e) => e.hedgeUnits));
    const perpUnits = sum(exposures.map((e) => e.perpUnits));
    const gammaUnitsPerUsd = sum(exposures.map((e) => e.gammaUnitsPerUsd));
    net[ticker] = {
      spotUsd: market.spotUsd,
      optionDeltaUnits,
      hedgeUnits,
      perpUnits,
      netDeltaUnits: optionDeltaUnits + hedgeUnits + perpUnits,
      gammaUnitsPerUsd,
      halfWidthUnits: halfWidth(policy, ticker, {
        gammaUnitsPerUsd,
        spotUsd: market.spotUsd,
        navUsd,
        gasUsd,
      }),
      grossOptionDeltaUnits: sum(exposures.map((e) => Math.abs(e.optionDeltaUnits))),
    };
  }
  return { shards, net, navUsd, gasUsd };
}

/** Half-width by the policy's rule for a book with this gamma and net asset value. */
export function halfWidth(
  policy: Policy,
  ticker: string,
  o: {
    readonly gammaUnitsPerUsd: number;
    readonly spotUsd: number;
    readonly navUsd: number;
    readonly gasUsd: number;
  },
): number {
  const limits = policy.underlyings[ticker];
  if (limits === undefined) throw new RangeError(`${ticker}: the policy has no such underlying`);
  return bandHalfWidth({ ...o, policy: limits });
}

/** Exposure of a shard to one underlying. @throws {RangeError} If the shard has none on record. */
export function exposureOf(shard: ShardRisk, ticker: string): ShardExposure {
  const exposure = shard.exposures[ticker];
  if (exposure === undefined)
    throw new RangeError(`shard ${shard.shard}: no exposure to ${ticker} on record`);
  return exposure;
}

function commonMarket(states: readonly ChainState[], ticker: string): Market {
  const views = states.map((state) => {
    const view = state.underlyings.find((u) => u.ticker === ticker);
    if (view === undefined)
      throw new RangeError(`shard ${state.shard}: its chain has no underlying ${ticker}`);
    return view;
  });
  const newest = new Map<number, FeedSlice>();
  for (const slice of views.flatMap((v) => v.slices)) {
    const known = newest.get(slice.expiryMs);
    if (known === undefined || slice.updatedAtMs > known.updatedAtMs)
      newest.set(slice.expiryMs, slice);
  }
  return { spotUsd: median(views.map((v) => v.spotUsd)), slices: [...newest.values()] };
}

function shardRisk(state: ChainState, markets: ReadonlyMap<string, Market>): ShardRisk {
  const exposures: Record<string, ShardExposure> = {};
  const cashUnits = Number(state.settlementRaw) / 10 ** state.settlementDecimals;
  let navUsd = (cashUnits + state.perpAccountUnits) * state.settlementPriceUsd;
  for (const [ticker, market] of markets) {
    const own = state.underlyings.find((u) => u.ticker === ticker);
    const { hedgeUnits, perpUnits } = own ?? { hedgeUnits: 0, perpUnits: 0 };
    const exposure = { ...optionExposure(state, ticker, market), hedgeUnits, perpUnits };
    exposures[ticker] = exposure;
    navUsd += exposure.optionValueUsd + hedgeUnits * market.spotUsd;
  }
  return { shard: state.shard, blockNumber: state.blockNumber, navUsd, exposures };
}

function optionExposure(
  state: ChainState,
  ticker: string,
  market: Market,
): Omit<ShardExposure, "hedgeUnits" | "perpUnits"> {
  const total = {
    optionDeltaUnits: 0,
    gammaUnitsPerUsd: 0,
    vegaUsdPerVolPoint: 0,
    optionValueUsd: 0,
  };
  for (const series of state.series.filter((s) => s.underlying === ticker && s.quantity !== 0)) {
    const figures = seriesFigures(series, market, state.blockTimestampMs);
    total.optionDeltaUnits += series.quantity * figures.deltaUnits;
    total.gammaUnitsPerUsd += series.quantity * figures.gammaUnitsPerUsd;
    total.vegaUsdPerVolPoint += series.quantity * figures.vegaUsdPerVolPoint;
    total.optionValueUsd += series.quantity * figures.valueUsd;
  }
  return total;
}

function seriesFigures(series: SeriesState, market: Market, nowMs: number) {
  const { isCall, strikeUsd, expiryMs } = series;
  const alive = expiryMs > nowMs;
  const logMoneyness = Math.log(strikeUsd / market.spotUsd);
  return optionFigures({
    isCall,
    spotUsd: market.spotUsd,
    strikeUsd,
    years: (expiryMs - nowMs) / YEAR_MS,
    totalVariance: alive ? totalVariance(market.slices, { logMoneyness, expiryMs, nowMs }) : 0,
  });
}

/** Zero when there is no ETH to price gas with. */
function hedgeGasUsd(states: readonly ChainState[], markets: ReadonlyMap<string, Market>): number {
  const cheapestWei = Math.min(...states.map((s) => Number(s.baseFeeWei)));
  return ((cheapestWei * HEDGE_GAS_UNITS) / 1e18) * (markets.get("ETH")?.spotUsd ?? 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted.length % 2 === 1 ? upper : sorted[middle - 1];
  if (lower === undefined || upper === undefined) throw new RangeError("median of nothing");
  return (lower + upper) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
