import {
  type TransferPorts,
  trackArrivals,
  trackSent,
} from "#shard-agent/cycles/track-transfers.ts";
import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { ReportPublisher } from "#shard-agent/ports/publisher.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { Venue } from "#shard-agent/ports/venue.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { Valuation } from "#shard-agent/records/valuation.ts";
import { buildReport } from "#shard-agent/stages/build-report.ts";
import { checkHealth } from "#shard-agent/stages/check-health.ts";
import { measureRisk } from "#shard-agent/stages/measure-risk.ts";
import { isValuedAlike } from "#shard-agent/stages/same-valuation.ts";
import { valueBook } from "#shard-agent/stages/value-book.ts";
import { chainValuer } from "#shared/risk/portfolio/option-chain.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";

export type ReportPorts = TransferPorts & {
  readonly chain: ChainReader;
  readonly venue: Venue;
  readonly watch: ReadWatch;
  readonly journal: Journal;
  readonly publisher: ReportPublisher;
  readonly memory: Memory;
  readonly scope: ShardScope;
};

/**
 * One report: read the shard at one block, value it, measure it, sign and send it.
 *
 * A failure leaves no half report: the last one grows old, and after `staleAfterMs` jobs and quotes stop.
 *
 * @returns The report's sequence number.
 * @throws {RetryableError} When the chain or Redis did not answer, or the block was replaced meanwhile.
 * @throws {FatalError | RangeError} When the shard cannot be valued with this configuration and these feeds.
 */
export async function reportRisk(ports: ReportPorts, block: BlockHeader): Promise<number> {
  const { memory, scope, venue } = ports;
  const { snapshot: previous } = memory;
  // The requests of the reading leave together when this turn ends, and all else is done while they are answered.
  const sent = Promise.resolve().then(() => undefined);
  const depth = sent.then(() => (previous === null ? [] : venue.depthRequests(previous)));
  const reading = ports.chain.snapshot(block, depth);
  const arriving = sent.then(() => trackArrivals(ports, block));
  void sent.then(() => valueAhead(ports, block));
  // Both are waited for later, if at all: a rejection in between must not end the process.
  for (const later of [depth, arriving]) later.catch(() => undefined);
  const snapshot = await reading;
  memory.snapshot = snapshot;
  const { valued, risk } = valueAndMeasure(ports, snapshot);
  const health = checkHealth(snapshot, scope, {
    journalWritable: ports.journal.isWritable(),
    endpointsAgree: ports.watch.disagreement() === null,
    shortage: memory.shortage ?? null,
  });
  if (!health.reasons.includes("gas-below-floor")) memory.shortage = null;
  memory.health = health;
  const sentLines = await trackSent(ports, snapshot.consumedJobs);
  const report = buildReport({
    snapshot,
    scope,
    valued,
    risk,
    health,
    capacity: venue.capacity(snapshot),
    transfers: [...sentLines, ...(await arriving)],
    spendLeftWei: memory.spendLeftWei ?? null,
  });
  const seq = await ports.publisher.publish(report);
  memory.reportBlockTimestampMs = snapshot.block.timestampMs;
  return seq;
}

/**
 * Values what is most likely read: the last snapshot at the new block's time. Where nothing that is valued moved, that is the
 * answer. Where something did, what is valued when it has been read is at least fresh in the processor's caches, which
 * have forgotten it since the last block.
 */
function valueAhead(ports: Pick<ReportPorts, "memory" | "scope">, block: BlockHeader): void {
  const { snapshot } = ports.memory;
  if (snapshot === null) return;
  try {
    valueAndMeasure(ports, { ...snapshot, block });
  } catch {
    // What cannot be valued is told of when it has been read.
  }
}

function valueAndMeasure(
  { memory, scope }: Pick<ReportPorts, "memory" | "scope">,
  snapshot: ShardSnapshot,
): Valuation {
  const { settlementPrices, valuation: before } = memory;
  const isKnown =
    before !== undefined &&
    before.settlementPrices === settlementPrices &&
    isValuedAlike(before.snapshot, snapshot);
  if (isKnown) return before;
  memory.valueChain ??= chainValuer(STANDARD_GRID);
  const valued = valueBook(snapshot, scope, settlementPrices, memory.valueChain);
  const valuation = { snapshot, settlementPrices, valued, risk: measureRisk(valued) };
  memory.valuation = valuation;
  return valuation;
}
