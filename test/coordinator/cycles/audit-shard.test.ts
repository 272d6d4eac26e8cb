import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteJournal } from "#coordinator/adapters/sqlite-journal.ts";
import { auditShard } from "#coordinator/cycles/audit-shard.ts";
import { releaseJobs } from "#coordinator/cycles/change-jobs.ts";
import {
  type CoordinatorState,
  newCoordinatorState,
} from "#coordinator/cycles/coordinator-state.ts";
import { recallSafety } from "#coordinator/cycles/keep-safety.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { ChainAudit } from "#coordinator/records/chain-audit.ts";
import { shardSafety } from "#coordinator/stages/judge-breakers.ts";
import { judgeShard } from "#coordinator/stages/judge-shard.ts";
import { RetryableError } from "#shared/errors.ts";
import { STANDARD_GRID } from "#shared/risk/standard-grid.ts";
import {
  aJobRecord,
  anEntry,
  aPolicy,
  aShardSetup,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator-pass.ts";
import { memoryLog } from "#test/support/memory-log.ts";
import { scriptedChain } from "#test/support/scripted-chain.ts";
import { hash32 } from "#test/support/shard-report.ts";

const SETUP = aShardSetup("base");
const log = memoryLog();
let state: CoordinatorState;
let journal: Journal & { readonly close: () => void };
let nowMs: number;
let chain: ReturnType<typeof scriptedChain>;

beforeEach(() => {
  nowMs = NOW_MS;
  journal = openSqliteJournal(":memory:");
  chain = scriptedChain();
  start();
});
afterEach(() => journal.close());

function start(): void {
  const setups = new Map([["base", SETUP]]);
  state = newCoordinatorState({ setups, policy: aPolicy(), leader: LEADER, shadow: false });
  recallSafety(state, { journal, log }, nowMs);
}

/** A report of cash only, of one block; its figures are those of nothing. */
function claim(
  block: string,
  cashRaw: string,
  change: Partial<BookEntry["report"]> = {},
): BookEntry {
  const { report, acceptedAtMs } = anEntry({ shard: "base" });
  const collateral = report.collateral.map((line) =>
    line.underlying === null ? { ...line, amountRaw: cashRaw } : line,
  );
  const flat = { collateral, scenarioPnlUsd: STANDARD_GRID.map(() => 0) };
  const at = { ...report.block, hash: hash32(block), timestampMs: nowMs };
  const entry = { report: { ...report, ...flat, block: at, ...change }, acceptedAtMs };
  state.claims.set("base", entry);
  if (state.safety.trust["base"]?.quarantine == null) state.books.set("base", entry);
  return entry;
}

function truth(block: string, cashRaw: bigint, consumed: string[] = []): void {
  const audit: ChainAudit = {
    epoch: 1,
    leader: LEADER,
    paused: false,
    capitalRaw: 1_000_000_000_000n,
    liabilitiesRaw: 0n,
    sharesRaw: 12n,
    balancesRaw: new Map([[SETUP.settlement.token.toLowerCase(), cashRaw]]),
    series: [],
    consumed: new Set(consumed),
  };
  chain.script.audits.set(hash32(block), audit);
}

async function audit(): Promise<void> {
  const ports = { journal, jobs: journal.jobs, log, lookbackBlocks: 64 };
  const chains = new Map([["base", chain.chain]]);
  await auditShard(state, { ...ports, chains, clock: { nowMs: () => nowMs } }, "base");
  nowMs += 2_000;
}

const modeOf = () =>
  judgeShard({
    setup: SETUP,
    entry: state.books.get("base"),
    takeOver: { state: "not-needed" },
    isReduceOnly: false,
    haltReasons: [],
    nowMs,
    safety: shardSafety(state.safety, "base"),
  });

test("a chain that contradicts a report once, and not when it is asked again, proves the report", async () => {
  const entry = claim("a1", "500");
  truth("a1", 900n);
  const { auditAt } = chain.chain;
  let reads = 0;
  const hasty: typeof chain.chain = {
    ...chain.chain,
    auditAt: async (...asked) => {
      const answer = await auditAt(...asked);
      reads += 1;
      truth("a1", 500n);
      return answer;
    },
  };
  chain = { ...chain, chain: hasty };
  await audit();
  expect(reads).toBe(2);
  expect(state.books.get("base")).toBe(entry);
  expect(state.proved.get("base")).toBe(entry);
  expect(modeOf().mode).toBe("run");
});

test("a lie is found out by the chain: the last proved book is carried, no jobs, with the evidence", async () => {
  const proved = claim("a1", "500");
  truth("a1", 500n);
  await audit();
  claim("a2", "900000");
  truth("a2", 500n);
  await audit();
  expect(state.books.get("base")).toBe(proved);
  expect(modeOf()).toMatchObject({ mode: "quarantined", isCarried: true, takesJobs: false });
  const [event] = journal.safety.events(10);
  expect(event).toMatchObject({ type: "quarantine", kind: "chain-mismatch", isOver: false });
  expect(state.safety.trust["base"]?.evidence[0]).toMatchObject({ found: "USDX in the vault 500" });
});

test("a lie of the first report of all leaves what the chain itself says", async () => {
  claim("a1", "900000");
  truth("a1", 500n);
  await audit();
  const book = state.books.get("base")?.report;
  expect(book?.collateral.find((line) => line.underlying === null)?.amountRaw).toBe("500");
});

test("quarantine and trusted book outlive a restart; honest reports end it, one at a time", async () => {
  claim("a1", "500");
  truth("a1", 500n);
  await audit();
  claim("a2", "900000");
  truth("a2", 500n);
  await audit();
  start();
  expect(state.books.get("base")?.report.block.hash).toBe(hash32("a1"));
  for (let count = 0; count < 40; count += 1) {
    claim("b1", "700");
    truth("b1", 700n);
    await audit();
    if (count === 1) {
      expect(modeOf().mode).toBe("quarantined");
      // Proved by the chain: what is carried is no older than that.
      expect(state.books.get("base")?.report.block.hash).toBe(hash32("b1"));
    }
  }
  expect(modeOf().mode).toBe("run");
  expect(journal.safety.events(1)).toMatchObject([
    { type: "quarantine", isOver: true, reason: null },
  ]);
});

test("a job that only a liar called done comes back into flight", async () => {
  const job = aJobRecord({ state: "settled" });
  const listed = {
    jobId: job.jobId,
    action: 1,
    blockNumber: 119,
    blockHash: hash32("a2"),
    blockTimestampMs: nowMs,
    transactionHash: hash32("77"),
    amountInRaw: "1",
    amountOutRaw: "1",
    guid: null,
  };
  claim("a1", "500");
  truth("a1", 500n);
  await audit();
  const consumption = { ...listed, isFinal: false };
  const { blockNumber, blockTimestampMs, amountInRaw, amountOutRaw, isFinal } = consumption;
  const believed = { blockNumber, blockTimestampMs, amountInRaw, amountOutRaw, isFinal };
  state.jobs.set(job.jobId, { ...job, consumption: believed });
  claim("a2", "500", { consumedJobs: [listed] });
  truth("a2", 500n);
  await audit();
  expect(modeOf().mode).toBe("quarantined");
  expect(state.jobs.get(job.jobId)?.state).toBe("sent");
});

test.each([
  ["swap", false],
  ["transfer", false],
  ["swap", true],
  ["transfer", true],
] as const)(
  "a %s that a liar called done in a final block comes back into flight (in a report that was not looked at: %s)",
  async (kind, isHidden) => {
    const target = kind === "transfer" ? "ethereum" : null;
    const job = aJobRecord({ kind, target });
    state.jobs.set(job.jobId, job);
    claim("a1", "500");
    truth("a1", 500n);
    await audit();
    const { block } = anEntry({ shard: "base" }).report;
    const listed = {
      jobId: job.jobId,
      action: 1,
      blockNumber: block.finalizedNumber,
      blockHash: hash32("a0"),
      blockTimestampMs: nowMs,
      transactionHash: hash32("77"),
      amountInRaw: "1",
      amountOutRaw: "1",
      guid: null,
    };
    claim("a2", "500", { consumedJobs: [listed] });
    releaseJobs(state, { jobs: journal.jobs, log }, nowMs);
    const believed = journal.jobs.find(job.jobId);
    expect(believed?.state).toBe(kind === "swap" ? "settled" : "in-transit");
    if (isHidden) claim("a3", "500");
    truth(isHidden ? "a3" : "a2", 500n);
    await audit();
    expect(modeOf().mode).toBe(isHidden ? "run" : "quarantined");
    expect(state.jobs.get(job.jobId)).toMatchObject({ state: "sent", consumption: null });
  },
);

test("nothing is concluded from a chain that does not answer, or a block it does not have yet", async () => {
  claim("a1", "900000");
  chain.script.isReachable = false;
  await expect(audit()).rejects.toThrow(RetryableError);
  chain.script.isReachable = true;
  await audit();
  expect(state.safety.trust).toEqual({});
  expect(state.audited.has("base")).toBe(false);
  truth("a1", 900_000n);
  await audit();
  expect(state.proved.get("base")?.report.block.hash).toBe(hash32("a1"));
  expect(state.sharesRaw.get("base")).toBe("12");
});
