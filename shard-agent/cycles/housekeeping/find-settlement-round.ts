import type { FeedReader } from "#shard-agent/ports/chain.ts";
import type { FeedPrice } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";

/** Chainlink proxies count in the bits above which feed answered: the phase. Others stay in phase 0. */
const ROUND_BITS = 64n;
/** Feeds behind a proxy change every few years. */
const PHASES_BACK_MAX = 8n;

/**
 * The last price at or before an expiry, once a later round proves that it is the last;
 * null until then, or when the feed has no round that old.
 *
 * Looks back from the newest round in doubling steps, then halves: about 2 log2(age in rounds) reads. A phase that began
 * after the expiry leaves it to the one before, as the book does. Round ids are consecutive within one phase of the feed,
 * and update times never fall there.
 *
 * @throws {RetryableError} When the chain did not answer.
 */
export async function findSettlementRound(
  feeds: FeedReader,
  feed: Address,
  expirySeconds: bigint,
): Promise<FeedPrice | null> {
  const expiryMs = Number(expirySeconds) * 1000;
  const latest = await feeds.latest(feed);
  if (latest.updatedAtMs <= expiryMs) return null;
  const look: Look = { expiryMs, round: (roundId) => feeds.round(feed, roundId) };
  const newest = latest.roundId >> ROUND_BITS;
  const found = await lastOfNewestPhase(look, latest.roundId);
  if (found !== null) return found;
  for (let back = 1n; back <= PHASES_BACK_MAX && back <= newest; back += 1n) {
    const last = await lastOfEndedPhase(look, (newest - back) << ROUND_BITS);
    if (last !== null) return last;
  }
  return null;
}

type Look = {
  readonly expiryMs: number;
  readonly round: (roundId: bigint) => Promise<FeedPrice | null>;
};

/** From its newest round, which is after the expiry. */
async function lastOfNewestPhase(look: Look, newestId: bigint): Promise<FeedPrice | null> {
  const none = (newestId >> ROUND_BITS) << ROUND_BITS;
  const isAfter = async (roundId: bigint): Promise<boolean> => {
    const round = await look.round(roundId);
    return round !== null && round.updatedAtMs > look.expiryMs;
  };
  let later = newestId;
  let earlier = later - 1n;
  for (let step = 2n; earlier > none && (await isAfter(earlier)); step *= 2n) {
    later = earlier;
    earlier = later > none + step ? later - step : none;
  }
  return last(earlier, later, isAfter, look);
}

/** From its first round: nobody says which its newest is. */
async function lastOfEndedPhase(look: Look, none: bigint): Promise<FeedPrice | null> {
  const isAfter = async (roundId: bigint): Promise<boolean> => {
    const round = await look.round(roundId);
    return round === null || round.updatedAtMs > look.expiryMs;
  };
  let earlier = none;
  let later = none + 1n;
  for (let step = 2n; !(await isAfter(later)); step *= 2n) {
    earlier = later;
    later += step;
  }
  return last(earlier, later, isAfter, look);
}

/** Halves until `later` follows on `earlier`; null when the feed has no such round. */
async function last(
  before: bigint,
  after: bigint,
  isAfter: (roundId: bigint) => Promise<boolean>,
  look: Look,
): Promise<FeedPrice | null> {
  let earlier = before;
  let later = after;
  while (later - earlier > 1n) {
    const middle: bigint = (later + earlier) / 2n;
    if (await isAfter(middle)) later = middle;
    else earlier = middle;
  }
  const round = await look.round(earlier);
  return round === null ? null : { ...round, roundId: earlier };
}
