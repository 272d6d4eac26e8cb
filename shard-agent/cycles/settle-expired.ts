import { findSettlementRound } from "#shard-agent/cycles/find-settlement-round.ts";
import { type HousekeepingPorts, sendHousekeeping } from "#shard-agent/cycles/send-housekeeping.ts";
import type { FeedReader } from "#shard-agent/ports/chain.ts";
import type { JobEncoder } from "#shard-agent/ports/job-desk.ts";
import { isTerminal, nextAttemptId, signedAttempts } from "#shard-agent/records/journal-entry.ts";
import { underlyingOfToken } from "#shard-agent/records/shard-scope.ts";
import type { RawSeries, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";

/** Attempts per series; further ones need a person to look at the feed. */
const ATTEMPTS_MAX = 20;

export type SettlePorts = HousekeepingPorts & {
  readonly feeds: FeedReader;
  readonly encoder: Pick<JobEncoder, "encodeSettle">;
};

/**
 * Settles every expired series of a snapshot as soon as the feed proves its price. Housekeeping that
 * anyone may do: when somebody was faster the simulation says so and nothing is sent.
 *
 * @throws {RetryableError} When the chain did not answer; the next head tries again.
 */
export async function settleExpired(ports: SettlePorts, snapshot: ShardSnapshot): Promise<void> {
  const nowSeconds = BigInt(Math.floor(snapshot.block.timestampMs / 1000));
  for (const series of snapshot.series) {
    if (series.expirySeconds < nowSeconds) await settleSeries(ports, series);
  }
}

async function settleSeries(ports: SettlePorts, series: RawSeries): Promise<void> {
  const prefix = `settle:${series.seriesId}:`;
  const attempts = ports.journal.withPrefix(prefix);
  const isUnderWay = attempts.some((one) => !isTerminal(one.state) || one.state === "final");
  if (isUnderWay || signedAttempts(attempts) >= ATTEMPTS_MAX) return;
  const underlying = underlyingOfToken(ports.scope, series.underlying);
  if (underlying === undefined) return;
  const roundId = await findSettlementRound(ports.feeds, underlying.feed, series.expirySeconds);
  if (roundId === null) return;
  await sendHousekeeping(ports, {
    id: nextAttemptId(prefix, attempts),
    call: ports.encoder.encodeSettle(series.seriesId, roundId),
    payload: { seriesId: series.seriesId, roundId: roundId.toString() },
    what: "settlement of an expired series",
  });
}
