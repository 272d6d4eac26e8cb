import { findSettlementRound } from "#shard-agent/cycles/find-settlement-round.ts";
import { nextNonce, type SendPorts, sendCall } from "#shard-agent/cycles/send-call.ts";
import type { ChainReader, FeedReader } from "#shard-agent/ports/chain.ts";
import type { JobEncoder } from "#shard-agent/ports/job-desk.ts";
import type { Lane } from "#shard-agent/ports/sender.ts";
import { isTerminal, newEntry } from "#shard-agent/records/journal-entry.ts";
import { type ShardScope, underlyingOfToken } from "#shard-agent/records/shard-scope.ts";
import type { RawSeries, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { gasFeeCapWei, openingFees } from "#shard-agent/stages/price-gas.ts";

/** A settlement that is not mined in this time is cancelled and tried anew. */
const SETTLE_WITHIN_SECONDS = 120;
/** Attempts per series; further ones need a person to look at the feed. */
const ATTEMPTS_MAX = 20;

export type SettlePorts = SendPorts & {
  readonly chain: Pick<ChainReader, "head">;
  readonly feeds: FeedReader;
  readonly encoder: Pick<JobEncoder, "encodeSettle">;
  readonly lane: Lane;
  readonly scope: ShardScope;
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
  if (isUnderWay || attempts.length >= ATTEMPTS_MAX) return;
  const underlying = underlyingOfToken(ports.scope, series.underlying);
  if (underlying === undefined) return;
  const roundId = await findSettlementRound(ports.feeds, underlying.feed, series.expirySeconds);
  if (roundId === null) return;
  await ports.lane.run(async () => {
    const call = ports.encoder.encodeSettle(series.seriesId, roundId);
    const prepared = await ports.sender.prepare(call);
    if (prepared.reverts) {
      ports.log.debug("settlement would revert", {
        seriesId: series.seriesId,
        roundId,
        detail: prepared.detail,
      });
      return;
    }
    const nowMs = ports.clock.nowMs();
    const capWei = gasFeeCapWei(null, null, ports.scope);
    const fees = openingFees({ ...prepared, gasFeeCapWei: capWei });
    if (fees === null) {
      const { baseFeeWei, gasLimit } = prepared;
      ports.log.warn("settlement waits: gas costs more than its cap", {
        seriesId: series.seriesId,
        baseFeeWei,
        gasLimit,
        capWei,
      });
      return;
    }
    const checked = newEntry({
      id: `${prefix}${attempts.length + 1}`,
      kind: "settlement",
      state: "checked",
      payload: JSON.stringify({ seriesId: series.seriesId, roundId: roundId.toString() }),
      deadlineSeconds: Math.floor(nowMs / 1000) + SETTLE_WITHIN_SECONDS,
      gasFeeCapWei: capWei,
      updatedAtMs: nowMs,
    });
    const nonce = await nextNonce(ports, await ports.chain.head());
    ports.journal.insert(checked);
    await sendCall(ports, checked, call, { ...prepared, ...fees, nonce });
    ports.log.info("settling an expired series", { seriesId: series.seriesId, roundId });
  });
}
