import { type OptionPosition, valueOption } from "#shared/risk/pricing/option-position.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";
import { TICKERS, type Ticker, UNDERLYINGS } from "#test/local/deploy/world-parameters.ts";
import { generatedPath, type MarketState } from "#test/local/market/price-path.ts";
import { surfaceSlices } from "#test/local/market/surface.ts";
import { timelineOf } from "#test/local/market/timeline.ts";
import { type Intent, type Leg, takerIntents } from "#test/local/takers/intents.ts";

/** What one second of the simulation shows. */
export type FlowSample = {
  readonly second: number;
  /** Option delta in USD by ticker and shard. */
  readonly deltaUsd: Readonly<Record<Ticker, readonly number[]>>;
  /** Value of the shard's options, and worst weighted loss on the standard grid, USD, by shard. */
  readonly optionValueUsd: readonly number[];
  readonly worstLossUsd: readonly number[];
  /** Premiums taken in less those paid, USD, by shard. */
  readonly premiumsUsd: readonly number[];
};

/**
 * The takers' intents, all filled at once at fair value, valued along the generated path: what a run
 * of this seed does to the shards before anybody hedges.
 */
export function simulateFlow(o: {
  readonly seed: number;
  readonly shards: number;
  readonly minutes: number;
  readonly everySeconds: number;
}): FlowSample[] {
  const startMs = Date.UTC(2030, 0, 1);
  const timeline = timelineOf(startMs, o.minutes);
  const lengthSeconds = ((timeline.stopsAtMs ?? 0) - startMs) / 1000;
  const path = generatedPath(o.seed, (timeline.crashAtMs - startMs) / 1000);
  const startPricesUsd = { ETH: UNDERLYINGS.ETH.startPriceUsd, BTC: UNDERLYINGS.BTC.startPriceUsd };
  const intents = takerIntents({ seed: o.seed, shards: o.shards, lengthSeconds, startPricesUsd });
  const books: OptionPosition[][] = Array.from({ length: o.shards }, () => []);
  const premiumsUsd: number[] = Array.from({ length: o.shards }, () => 0);
  const samples: FlowSample[] = [];
  let next: Intent | undefined = intents.next().value;
  for (let second = 0; second <= lengthSeconds; second++) {
    const nowMs = startMs + second * 1000;
    const state = path(second);
    const market = marketOf(state, timeline.expiriesMs, nowMs);
    for (; next !== undefined && next.atSeconds <= second; next = intents.next().value) {
      for (const leg of [...next.first, ...next.second]) {
        const position = positionOf(leg, timeline.expiriesMs);
        books[leg.shardIndex]?.push(position);
        const premium = valueOption(position, market[leg.series.ticker]).priceUsd;
        premiumsUsd[leg.shardIndex] = (premiumsUsd[leg.shardIndex] ?? 0) - premium;
      }
    }
    if (second % o.everySeconds === 0)
      samples.push(sampleOf({ second, books, market, nowMs, premiumsUsd }));
  }
  return samples;
}

type Market = Record<Ticker, { spotUsd: number; slices: SviSlice[]; nowMs: number }>;

function marketOf(state: MarketState, expiriesMs: readonly number[], nowMs: number): Market {
  const one = (ticker: Ticker) => ({
    spotUsd: state.pricesUsd[ticker],
    nowMs,
    slices: surfaceSlices(state.volatilities[ticker], expiriesMs, nowMs).map((slice) => ({
      expiryMs: Number(slice.expiry) * 1000,
      a: Number(slice.a) / 1e18,
      b: Number(slice.b) / 1e18,
      rho: Number(slice.rho) / 1e18,
      m: Number(slice.m) / 1e18,
      sigma: Number(slice.sigma) / 1e18,
    })),
  });
  return { ETH: one("ETH"), BTC: one("BTC") };
}

/** The shard's side of a leg. */
function positionOf(leg: Leg, expiriesMs: readonly number[]): OptionPosition {
  return {
    underlying: leg.series.ticker,
    type: leg.series.type,
    strikeUsd: leg.series.strikeUsd,
    expiryMs: expiriesMs[leg.series.expiryIndex] ?? 0,
    quantity: leg.side === "buy" ? -leg.quantity : leg.quantity,
  };
}

function sampleOf(o: {
  readonly second: number;
  readonly books: readonly (readonly OptionPosition[])[];
  readonly market: Market;
  readonly nowMs: number;
  readonly premiumsUsd: readonly number[];
}): FlowSample {
  const live = (book: readonly OptionPosition[], ticker: Ticker) =>
    book.filter((position) => position.underlying === ticker && position.expiryMs > o.nowMs);
  const perShard = <T>(run: (book: readonly OptionPosition[]) => T): T[] => o.books.map(run);
  const delta = (book: readonly OptionPosition[], ticker: Ticker): number =>
    live(book, ticker).reduce(
      (total, position) => total + valueOption(position, o.market[ticker]).deltaUnits,
      0,
    ) * o.market[ticker].spotUsd;
  const value = (book: readonly OptionPosition[]): number =>
    TICKERS.flatMap((ticker) =>
      live(book, ticker).map((p) => valueOption(p, o.market[ticker]).priceUsd),
    ).reduce((total, price) => total + price, 0);
  const worst = (book: readonly OptionPosition[]): number =>
    TICKERS.reduce((total, ticker) => {
      const pnl = optionScenarioPnlUsd(live(book, ticker), 0, o.market[ticker], STANDARD_GRID);
      return total - Math.min(0, ...pnl);
    }, 0);
  return {
    second: o.second,
    deltaUsd: {
      ETH: perShard((book) => delta(book, "ETH")),
      BTC: perShard((book) => delta(book, "BTC")),
    },
    optionValueUsd: perShard(value),
    worstLossUsd: perShard(worst),
    premiumsUsd: [...o.premiumsUsd],
  };
}
