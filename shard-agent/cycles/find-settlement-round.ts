import type { FeedReader } from "#shard-agent/ports/chain.ts";
import type { Address } from "#shared/units/ids.ts";

/**
 * Round id of the last price at or before an expiry, once a later round proves that it is the last;
 * null until then, or when the feed has no round that old.
 *
 * Looks back from the newest round in doubling steps, then halves: about 2 log2(age in rounds) reads.
 * Round ids are consecutive within one phase of the feed, and update times never fall.
 *
 * @throws {RetryableError} When the chain did not answer.
 */
export async function findSettlementRound(
  feeds: FeedReader,
  feed: Address,
  expirySeconds: bigint,
): Promise<bigint | null> {
  const expiryMs = Number(expirySeconds) * 1000;
  const latest = await feeds.latest(feed);
  if (latest.updatedAtMs <= expiryMs) return null;
  const isAfter = async (roundId: bigint): Promise<boolean> => {
    const round = await feeds.round(feed, roundId);
    return round !== null && round.updatedAtMs > expiryMs;
  };
  let later = latest.roundId;
  let earlier = later - 1n;
  for (let step = 2n; earlier > 0n && (await isAfter(earlier)); step *= 2n) {
    later = earlier;
    earlier = later > step ? later - step : 0n;
  }
  while (later - earlier > 1n) {
    const middle: bigint = (later + earlier) / 2n;
    if (await isAfter(middle)) later = middle;
    else earlier = middle;
  }
  return (await feeds.round(feed, earlier)) === null ? null : earlier;
}
