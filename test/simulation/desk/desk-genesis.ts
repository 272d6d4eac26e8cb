import type { Long, PerpAccount, Strike, VenueCaps } from "#test/simulation/desk/desk-state.ts";
import { type Random, randomOf } from "#test/simulation/engine/random.ts";
import { absOf } from "#test/simulation/world/price.ts";
import type { Site } from "#test/simulation/world/site.ts";

/** What a vault's accounts begin with, and what its admin allows of them. */
export type DeskGenesis = {
  readonly caps: VenueCaps;
  readonly strikes: readonly Strike[];
  readonly longs: readonly Long[];
  readonly perp: Pick<PerpAccount, "marginRaw" | "sizeE18" | "openE18">;
};

/** Boards that are traded; the one before them expires within the run, and what is held there is of before it. */
const TRADED = [1_950, 2_050, 2_000];
const SOON = [1_900, 2_060];
const WAD = 10n ** 18n;

/** @param expiries Of a board that expires soon, and of those that are traded, Unix seconds. */
export function deskGenesisOf(
  { shard, venues }: Site,
  seed: number,
  expiries: { readonly soon: bigint; readonly week: bigint },
): DeskGenesis {
  const random = randomOf(seed, `desk of ${shard}`);
  const caps = {
    aave: usd(random, 60_000, 600_000),
    curie: usd(random, 15_000, 150_000),
    lyra: usd(random, 2_000, 20_000),
  };
  const strikes = [...SOON, ...TRADED].map((strikeUsd, index) => {
    const isSoon = index < SOON.length;
    return {
      strikeId: index + 1,
      board: isSoon ? 0 : index,
      strikeE8: BigInt(strikeUsd) * 10n ** 8n,
      expirySeconds: isSoon ? expiries.soon : expiries.week,
    };
  });
  const longs = [
    { strikeId: 1, isCall: true, quantityE18: BigInt(random.integer(1, 6)) * WAD },
    { strikeId: 2, isCall: false, quantityE18: BigInt(random.integer(1, 4)) * WAD },
  ];
  const hasPosition = venues.curie !== null && random.chance(POSITION_SHARE);
  return {
    caps,
    strikes,
    longs: venues.lyra === null ? [] : longs,
    perp: hasPosition ? positionOf(random) : { marginRaw: 0n, sizeE18: 0n, openE18: 0n },
  };
}

/** Runs in which an account at the perpetual market begins with a position, bought or sold at the first price. */
const POSITION_SHARE = 0.7;
const FIRST_PRICE = 2_000n;

function positionOf(random: Random): DeskGenesis["perp"] {
  const units = random.integer(4, 12) * (random.chance(0.5) ? 1 : -1);
  const sizeE18 = BigInt(units) * WAD;
  const marginRaw = (usd(random, 0.45, 0.6) * FIRST_PRICE * absOf(sizeE18)) / WAD;
  return { marginRaw, sizeE18, openE18: sizeE18 * FIRST_PRICE };
}

function usd(random: Random, low: number, high: number): bigint {
  return BigInt(Math.round(random.between(low, high) * 1e6));
}
