import { followHead } from "#shard-agent/cycles/follow-head.ts";
import { keepVenues } from "#shard-agent/cycles/housekeeping/keep-venues.ts";
import { journalPruner } from "#shard-agent/cycles/housekeeping/prune-journal.ts";
import {
  type SettlePorts,
  settleExpired,
} from "#shard-agent/cycles/housekeeping/settle-expired.ts";
import { newestOnly } from "#shard-agent/cycles/newest-only.ts";
import { publishReceipts } from "#shard-agent/cycles/publish-receipts.ts";
import { type ReportPorts, reportRisk } from "#shard-agent/cycles/report-risk.ts";
import { type TrackPorts, trackTransactions } from "#shard-agent/cycles/track-transactions.ts";
import { finalityWatcher } from "#shard-agent/cycles/watch-finality.ts";
import type { HeadNews } from "#shard-agent/ports/head-news.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { ReceiptPublisher, ReportPublisher } from "#shard-agent/ports/publisher.ts";
import type { SpendingBudget } from "#shard-agent/ports/spending-budget.ts";
import type { BlockHeader, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { FatalError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Hex } from "#shared/units/ids.ts";

export type AgentPorts = Omit<ReportPorts, "publisher"> &
  TrackPorts &
  SettlePorts & {
    readonly chain: ReportPorts["chain"];
    readonly reports: ReportPublisher;
    readonly receipts: ReceiptPublisher;
    readonly pause: Pause;
    /** Left out where nothing is signed. */
    readonly budget?: Pick<SpendingBudget, "leftWei">;
    /** Left out where no endpoint announces heads. */
    readonly heads?: HeadNews;
  };

export type RunningAgent = {
  /** Sends waiting receipts soon. */
  readonly flushReceipts: () => void;
  /** Resolves when the follower has stopped and no cycle runs. */
  readonly stopped: () => Promise<void>;
};

/**
 * Starts the agent's loops: every new head gives a report, a look at the open transactions and at
 * expired series, and sends waiting receipts. Each cycle runs for the newest head only and never twice
 * at once; what fails is tried again at the next head and logged once per change.
 */
export function runAgent(
  ports: AgentPorts,
  o: {
    readonly headPollMs: number;
    /** Hash of a block that people have accepted in the place of a final one; none when left out. */
    readonly acceptReplacedBlock?: Hex | null;
    /** Days for which the journal keeps what is over. */
    readonly keepDays: number;
    /** How often it is looked through; an hour when left out. */
    readonly pruneEveryMs?: number;
    readonly onFatal: (error: unknown) => void;
  },
): RunningAgent {
  const guarded = <T>(name: string, task: (value: T) => Promise<unknown>) =>
    newestOnly(guard(ports.log, name, task, o.onFatal));
  const prune = journalPruner(ports, o);
  const watchFinality = finalityWatcher(ports, o.acceptReplacedBlock ?? null);
  const receipts = guarded<null>("receipts", () =>
    publishReceipts({ journal: ports.journal, publisher: ports.receipts }),
  );
  const settle = guarded<ShardSnapshot>("settlement", async (snapshot) => {
    await settleExpired(ports, snapshot);
    await keepVenues(ports, snapshot);
  });
  const track = guarded<BlockHeader>("tracking", async (head) => {
    await watchFinality();
    await trackTransactions(ports, head);
    receipts.offer(null);
    if (ports.budget !== undefined) ports.memory.spendLeftWei = ports.budget.leftWei();
    await prune();
  });
  const report = guarded<BlockHeader>("report", async (head) => {
    await reportRisk({ ...ports, publisher: ports.reports }, head);
    if (ports.memory.snapshot !== null) settle.offer(ports.memory.snapshot);
  });
  const following = followHead(ports, {
    pollMs: o.headPollMs,
    onHead: (head) => {
      report.offer(head);
      track.offer(head);
    },
  });
  return {
    flushReceipts: () => receipts.offer(null),
    stopped: async () => {
      await following;
      for (const cycle of [report, settle, track, receipts]) await cycle.idle();
    },
  };
}

/** Turns failures into log lines, one per change of reason; only a broken journal ends the process. */
function guard<T>(
  log: Log,
  name: string,
  task: (value: T) => Promise<unknown>,
  onFatal: (error: unknown) => void,
): (value: T) => Promise<void> {
  let failing: string | null = null;
  return async (value) => {
    try {
      await task(value);
      if (failing !== null) log.info(`${name} works again`);
      failing = null;
    } catch (error) {
      if (error instanceof FatalError && /^(journal-|unknown-transition)/.test(error.code)) {
        onFatal(error);
        return;
      }
      const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
      if (reason !== failing) log.warn(`${name} failed; the next block tries again`, { error });
      failing = reason;
    }
  };
}
