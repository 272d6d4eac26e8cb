import type { RawSeries, RawSlice } from "#shard-agent/records/shard-snapshot.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { standardNormal } from "#shared/risk/statistics/random.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import { type Random, randomOf } from "#test/simulation/engine/random.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import { digest, type Site } from "#test/simulation/world/site.ts";
import type { WorldOp } from "#test/simulation/world/world-op.ts";

type SeriesTerms = Omit<RawSeries, "takersLongE18" | "takersShortE18">;

export type Market = {
  /** What feeds and takers do in the next block of a chain. */
  readonly ops: (site: Site, state: ShardState, nowMs: number) => WorldOp[];
  readonly series: (site: Site) => readonly SeriesTerms[];
  readonly spotUsd: () => number;
  /** The market stands still and takers go home. */
  readonly freeze: () => void;
};

/** Everybody's, of every strike and expiry. */
export const VOLATILITY = 0.8;
const MOVE_PER_SECOND = 4e-4;
const TRADE_CHANCE = 0.16;
/** Takers' longs in one series at most, so that the vault's hedges can follow by buying and selling what it has. */
const CALLS_MAX = 50;
const PUTS_MAX = 10;

/** One spot price for all chains, each with a little noise of its own; takers trade the given series. */
export function newMarket(
  o: { readonly seed: number; readonly sites: readonly Site[]; readonly startMs: number },
  faults: Faults,
): Market {
  const random = randomOf(o.seed, "market");
  const series = new Map(o.sites.map((site) => [site.shard, seriesOf(site, o.startMs, random)]));
  const silentUntilMs = new Map<string, number>();
  let spotUsd = 2_000;
  let movedAtMs = o.startMs;
  let isFrozen = false;
  const move = (nowMs: number): void => {
    const seconds = Math.max(0, (nowMs - movedAtMs) / 1000);
    movedAtMs = nowMs;
    if (isFrozen) return;
    spotUsd *= Math.exp(MOVE_PER_SECOND * Math.sqrt(seconds) * standardNormal(random.uniform));
    if (!faults.roll("market-jump", 0.003)) return;
    faults.bit("market-jump");
    spotUsd *= random.chance(0.5) ? 0.93 : 1.07;
  };
  const isSilent = (site: Site, nowMs: number): boolean => {
    if (faults.roll("market-stale-feed", 0.004)) {
      faults.bit("market-stale-feed");
      silentUntilMs.set(site.shard, nowMs + random.between(20_000, 45_000));
    }
    return faults.isActive() && (silentUntilMs.get(site.shard) ?? 0) > nowMs;
  };
  return {
    series: (site) => series.get(site.shard) ?? [],
    spotUsd: () => spotUsd,
    freeze: () => {
      isFrozen = true;
    },
    ops: (site, state, nowMs) => {
      move(nowMs);
      const noise = isFrozen ? 0 : random.between(-0.0004, 0.0004);
      const priceE8 = BigInt(Math.round(spotUsd * (1 + noise) * 1e8));
      const ops: WorldOp[] = isSilent(site, nowMs) ? [] : [{ kind: "price", priceE8 }];
      if (isFrozen || !random.chance(TRADE_CHANCE)) return ops;
      const listed = series.get(site.shard) ?? [];
      const terms = listed[random.integer(0, listed.length - 1)];
      return terms === undefined
        ? ops
        : [...ops, tradeOf(terms, state, { spotUsd, nowMs, random })];
    },
  };
}

function seriesOf(site: Site, startMs: number, random: Random): SeriesTerms[] {
  const startSeconds = Math.floor(startMs / 1000);
  const week = startSeconds + 7 * 86_400;
  const soon = startSeconds + random.integer(25, 70);
  const terms = [
    { isCall: true, strikeUsd: 1_950, expiry: week },
    { isCall: true, strikeUsd: 2_100, expiry: week },
    { isCall: false, strikeUsd: 1_950, expiry: week },
    { isCall: true, strikeUsd: 1_980, expiry: soon },
  ];
  return terms.map(({ isCall, strikeUsd, expiry }, index) => ({
    seriesId: digest("series", site.shard, index),
    underlying: site.hedgeToken,
    isCall,
    expirySeconds: BigInt(expiry),
    strikeE8: BigInt(strikeUsd) * 10n ** 8n,
  }));
}

function tradeOf(
  terms: SeriesTerms,
  state: ShardState,
  o: { readonly spotUsd: number; readonly nowMs: number; readonly random: Random },
): WorldOp {
  const held = state.series.find((one) => one.seriesId === terms.seriesId);
  const netOptions = Number((held?.takersLongE18 ?? 0n) - (held?.takersShortE18 ?? 0n)) / 1e18;
  const most = terms.isCall ? CALLS_MAX : PUTS_MAX;
  const isBuying = netOptions < most && o.random.chance(netOptions > 0 ? 0.65 : 0.9);
  const size = o.random.integer(3, terms.isCall ? 16 : 5);
  const quantity = isBuying ? size : -Math.min(size, terms.isCall ? netOptions : size);
  const years = Math.max(0, (Number(terms.expirySeconds) * 1000 - o.nowMs) / YEAR_MS);
  const option = {
    type: terms.isCall ? "call" : "put",
    spotUsd: o.spotUsd,
    strikeUsd: Number(terms.strikeE8) / 1e8,
    years,
    volatility: VOLATILITY,
    rate: 0,
  } as const;
  const { priceUsd } = blackScholes(option);
  const quantityE18 = BigInt(Math.round(quantity * 1e9)) * 10n ** 9n;
  const premiumRaw = BigInt(Math.round(priceUsd * quantity * 1e6));
  return { kind: "trade", series: terms, quantityE18, premiumRaw };
}

/** Flat surface of the volatility feed as it stood when it was last set. */
export function slicesOf(series: readonly SeriesTerms[], updatedAtMs: number): RawSlice[] {
  const expiries = [...new Set(series.map((one) => one.expirySeconds))];
  return expiries
    .sort((one, other) => Number(one - other))
    .filter((expiry) => Number(expiry) * 1000 > updatedAtMs)
    .map((expirySeconds) => {
      const years = (Number(expirySeconds) * 1000 - updatedAtMs) / YEAR_MS;
      const aE18 = BigInt(Math.round(VOLATILITY ** 2 * years * 1e18));
      return {
        expirySeconds,
        aE18,
        bE18: 0n,
        rhoE18: 0n,
        mE18: 0n,
        sigmaE18: 10n ** 17n,
        updatedAtMs,
      };
    });
}
