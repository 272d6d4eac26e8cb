import { findSettlementRound } from "#shard-agent/cycles/housekeeping/find-settlement-round.ts";
import {
  type HousekeepingPorts,
  sendHousekeeping,
} from "#shard-agent/cycles/housekeeping/send-housekeeping.ts";
import type { FeedReader } from "#shard-agent/ports/chain.ts";
import type { JobEncoder } from "#shard-agent/ports/job-desk.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import { isTerminal, nextAttemptId, signedAttempts } from "#shard-agent/records/journal-entry.ts";
import { underlyingOfToken } from "#shard-agent/records/shard-scope.ts";
import type { FeedPrice, RawSeries, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";

/** Attempts per series while the journal keeps them; further ones need a person to look at the feed. */
const ATTEMPTS_MAX = 20;

export type SettlePorts = HousekeepingPorts & {
  readonly feeds: FeedReader;
  readonly encoder: Pick<JobEncoder, "encodeSettle">;
  readonly memory: Pick<Memory, "settlementPrices">;
};

/** A series, and the feed's last price at its expiry. */
type Due = { readonly series: RawSeries; readonly round: FeedPrice; readonly id: string };

/**
 * Settles every expired series of a snapshot as soon as the feed proves its price. Housekeeping that
 * anyone may do: when somebody was faster the simulation says so and nothing is sent.
 *
 * The prices are kept for the reports: a vault without the cash is brought what is due at them, whatever spot is by now.
 *
 * @throws {RetryableError} When the chain did not answer; the next head tries again.
 */
export async function settleExpired(ports: SettlePorts, snapshot: ShardSnapshot): Promise<void> {
  const nowSeconds = BigInt(Math.floor(snapshot.block.timestampMs / 1000));
  const found: Due[] = [];
  for (const series of snapshot.series) {
    const due = series.expirySeconds < nowSeconds ? await dueOf(ports, series) : undefined;
    if (due !== undefined) found.push(due);
  }
  ports.memory.settlementPrices = new Map(
    found.map(({ series, round }) => [series.seriesId, round.priceE8]),
  );
  for (const due of found) await settle(ports, due);
}

/** Undefined while it is under way, its price is not proved, or a person has to look. */
async function dueOf(ports: SettlePorts, series: RawSeries): Promise<Due | undefined> {
  const prefix = `settle:${series.seriesId}:`;
  const attempts = ports.journal.withPrefix(prefix);
  const isUnderWay = attempts.some((one) => !isTerminal(one.state) || one.state === "final");
  if (isUnderWay || signedAttempts(attempts) >= ATTEMPTS_MAX) return undefined;
  const underlying = underlyingOfToken(ports.scope, series.underlying);
  if (underlying === undefined) return undefined;
  const round = await findSettlementRound(ports.feeds, underlying.feed, series.expirySeconds);
  return round === null ? undefined : { series, round, id: nextAttemptId(prefix, attempts) };
}

async function settle(ports: SettlePorts, { series, round, id }: Due): Promise<void> {
  const { seriesId } = series;
  await sendHousekeeping(ports, {
    id,
    call: ports.encoder.encodeSettle(seriesId, round.roundId),
    payload: { seriesId, roundId: round.roundId.toString() },
    what: "settlement of an expired series",
  });
}
