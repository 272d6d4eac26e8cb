import { beforeEach, describe, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { auditShard } from "#coordinator/cycles/safety/audit-shard.ts";
import { recallSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { type ChainAudit, partKey } from "#coordinator/records/safety/chain-audit.ts";
import { TRUSTED } from "#coordinator/records/safety/shard-trust.ts";
import { shardSafety } from "#coordinator/stages/safety/judge-breakers.ts";
import { judgeShard } from "#coordinator/stages/safety/judge-shard.ts";
import { RetryableError } from "#shared/errors.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { scriptedChain } from "#test/support/chain/scripted-chain.ts";
import { auditOf } from "#test/support/coordinator/chain-audit.ts";
import {
  aJobRecord,
  anEntry,
  aShardSetup,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { freshJournal, freshState } from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const SETUP = aShardSetup("base");
const log = memoryLog();
let state: CoordinatorState;
let journal: Journal & { readonly close: () => void };
let nowMs: number;
let chain: ReturnType<typeof scriptedChain>;

beforeEach(() => {
  nowMs = NOW_MS;
  journal = freshJournal();
  chain = scriptedChain();
  chain.script.finalBlock.number = 112;
  start();
});

function start(): void {
  const setups = new Map([["base", SETUP]]);
  state = freshState(setups);
  recallSafety(state, { journal, log }, nowMs);
}

/** A report of cash only, of one block; its figures are those of nothing. */
function claimed(
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
  return { report: { ...report, ...flat, block: at, ...change }, acceptedAtMs };
}

function claim(...said: Parameters<typeof claimed>): BookEntry {
  const entry = claimed(...said);
  state.claims.set("base", entry);
  if (state.safety.trust["base"]?.quarantine == null) state.books.set("base", entry);
  return entry;
}

function truth(block: string, cashRaw: bigint, consumed: string[] = []): void {
  const said = state.claims.get("base")?.report.block;
  const at = said?.hash === hash32(block) ? { block: said } : {};
  const { report } = claimed(block, cashRaw.toString(), at);
  chain.script.audits.set(hash32(block), (asked) => ({
    ...auditOf(report, SETUP, asked),
    sharesRaw: 12n,
    consumed: new Set(consumed),
  }));
}

/** The chain says what an entry says, but for what is named. */
function agree({ report }: BookEntry, but: Partial<ChainAudit> = {}): void {
  chain.script.audits.set(report.block.hash, (asked) => ({
    ...auditOf(report, SETUP, asked),
    ...but,
  }));
}

const CONSUMPTION = {
  blockNumber: 110,
  blockTimestampMs: NOW_MS,
  amountInRaw: "7",
  amountOutRaw: "7",
};
const CONSUMED = {
  ...CONSUMPTION,
  action: 1,
  blockHash: hash32("a0"),
  transactionHash: hash32("77"),
  guid: null,
};

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

test("a job of a final block that is younger than the book that is left counts as in flight until a proved book shows it", async () => {
  const { block } = anEntry({ shard: "base" }).report;
  claim("a1", "500", { block: { ...block, number: 100, hash: hash32("a1") } });
  truth("a1", 500n);
  await audit();
  const job = aJobRecord({});
  state.jobs.set(job.jobId, job);
  const consumedJobs = [{ ...CONSUMED, jobId: job.jobId }];
  claim("a2", "500", { consumedJobs });
  releaseJobs(state, { jobs: journal.jobs, log }, nowMs);
  expect(state.jobs.has(job.jobId)).toBe(false);
  claim("a3", "900000", { consumedJobs });
  truth("a3", 500n, [job.jobId]);
  await audit();
  expect(state.books.get("base")?.report.block.number).toBe(100);
  const consumption = { ...CONSUMPTION, isFinal: true };
  expect(state.jobs.get(job.jobId)).toMatchObject({ state: "included", consumption });
  claim("b1", "500");
  truth("b1", 500n, [job.jobId]);
  await audit();
  expect(state.books.get("base")?.report.block.hash).toBe(hash32("b1"));
  expect(journal.jobs.find(job.jobId)).toMatchObject({ state: "settled", consumption });
  expect(state.jobs.has(job.jobId)).toBe(false);
});

test("nothing is concluded from a chain that does not answer, or a block it does not have yet", async () => {
  claim("a1", "900000");
  chain.script.isReachable = false;
  await expect(audit()).rejects.toThrow(RetryableError);
  chain.script.isReachable = true;
  await audit();
  const { unseen, ...rest } = state.safety.trust["base"] ?? TRUSTED;
  expect(rest).toEqual({ ...TRUSTED, unseen: undefined });
  expect(unseen?.parts).toEqual(["block 120"]);
  expect(state.audited.has("base")).toBe(false);
  truth("a1", 900_000n);
  await audit();
  expect(state.proved.get("base")?.report.block.hash).toBe(hash32("a1"));
  expect(state.sharesRaw.get("base")).toBe("12");
});

describe("what a chain has proved outlives a restart", () => {
  test("with the vault's shares at that block, and is what a first lie afterwards leaves", async () => {
    claim("a1", "500");
    truth("a1", 500n);
    await audit();
    start();
    expect(state.proved.get("base")?.report.block.hash).toBe(hash32("a1"));
    expect(state.sharesRaw.get("base")).toBe("12");
    const entry = claim("a2", "900000");
    agree(entry, { unseen: new Set([partKey("capital")]), capitalRaw: null, epoch: 99 });
    await audit();
    expect(state.books.get("base")?.report.block.hash).toBe(hash32("a1"));
  });

  test("a proof that cannot be read is none", () => {
    journal.safety.keepProof({ entry: claimed("a1", "500"), sharesRaw: "not a number" });
    start();
    expect(state.proved.has("base")).toBe(false);
  });
});

describe("what of a chain does not show", () => {
  const ACCOUNT = partKey("account", `0x${"ab".repeat(20)}`);
  const partly = (entry: BookEntry, but: Partial<ChainAudit> = {}): void =>
    agree(entry, { unseen: new Set([ACCOUNT]), ...but });

  test("keeps a report from being proved and nobody from being found out about the rest", async () => {
    partly(claim("a1", "500"));
    await audit();
    expect(modeOf().mode).toBe("run");
    expect(state.proved.has("base")).toBe(false);
    expect(state.safety.trust["base"]?.unseen).toEqual({ sinceMs: NOW_MS, parts: [ACCOUNT] });
    partly(claim("a2", "500"), { epoch: 99 });
    await audit();
    expect(modeOf().mode).toBe("quarantined");
  });

  test("is timed from when the chain stopped answering, over restarts, until a look sees all of it", async () => {
    chain.script.isReachable = false;
    claim("a1", "500");
    await expect(audit()).rejects.toThrow(RetryableError);
    nowMs += 60_000;
    start();
    claim("a2", "500");
    await expect(audit()).rejects.toThrow(RetryableError);
    expect(state.safety.trust["base"]?.unseen).toEqual({ sinceMs: NOW_MS, parts: ["its chain"] });
    chain.script.isReachable = true;
    truth("a2", 500n);
    await audit();
    expect(state.safety.trust["base"]?.unseen).toBeNull();
  });

  test("is nothing while a chain that does not answer has no new report to be held to it", async () => {
    claim("a1", "500");
    truth("a1", 500n);
    await audit();
    chain.script.isReachable = false;
    await expect(audit()).rejects.toThrow(RetryableError);
    chain.script.isReachable = true;
    await audit();
    expect(state.safety.trust["base"]?.unseen).toBeNull();
  });
});

describe("a block that our own node does not have", () => {
  test("is waited for, however many newer reports come meanwhile, and proves its report when it comes", async () => {
    const first = claim("a1", "500");
    await audit();
    claim("a2", "500");
    truth("a2", 500n);
    agree(first);
    await audit();
    expect(state.proved.get("base")).toBe(first);
    await audit();
    expect(state.proved.get("base")?.report.block.hash).toBe(hash32("a2"));
  });

  test("is no excuse: naming newer and newer blocks that do not exist ends in quarantine", async () => {
    claim("a1", "500");
    truth("a1", 500n);
    await audit();
    let count = 0;
    const { unprovenMaxMs } = state.policy.quarantine;
    for (const untilMs = nowMs + 2 * unprovenMaxMs; nowMs < untilMs; count += 1) {
      const block = { ...anEntry({ shard: "base" }).report.block, number: 200 + count };
      claim(`b${count % 10}`, "900000", { block: { ...block, hash: hash32(`c${count % 10}`) } });
      chain.script.newestBlock = { number: 150, timestampMs: nowMs };
      await audit();
    }
    expect(state.safety.trust["base"]?.quarantine?.kind).toBe("unproven");
    expect(state.books.get("base")?.report.block.hash).toBe(hash32("a1"));
  });

  test("says nothing while our own node stands still", async () => {
    chain.script.newestBlock.timestampMs = nowMs - 600_000;
    for (let count = 0; count < 90; count += 1) {
      claim("a1", "500");
      await audit();
    }
    expect(state.safety.trust["base"]).toMatchObject({ quarantine: null, evidence: [] });
  });
});

describe("what a report calls final", () => {
  const calls = (block: string, finalizedNumber: number): void => {
    const { report } = claimed(block, "500");
    claim(block, "500", { block: { ...report.block, finalizedNumber } });
    truth(block, 500n);
  };

  test("is waited for a little, since our own node may hear of it later", async () => {
    for (const [at, block] of ["a1", "a2", "a3", "a4", "a5", "a6"].entries()) {
      calls(block, 113 + at);
      await audit();
      chain.script.finalBlock.number = 113 + at;
    }
    expect(modeOf().mode).toBe("run");
  });

  test("and is not is a lie, which newer lies do not hide", async () => {
    for (const [at, block] of ["a1", "a2", "a3", "a4"].entries()) {
      calls(block, 114 + at);
      await audit();
    }
    expect(state.safety.trust["base"]?.quarantine?.kind).toBe("chain-mismatch");
    expect(state.safety.trust["base"]?.evidence.at(-1)).toMatchObject({
      said: expect.stringContaining("block.finalizedNumber 114"),
      found: expect.stringContaining("block.finalizedNumber 112"),
    });
  });

  test("makes nothing final that our own node does not call final", async () => {
    const job = aJobRecord({});
    state.jobs.set(job.jobId, job);
    const listed = { ...CONSUMED, jobId: job.jobId, blockNumber: 115 };
    const { report } = claimed("a1", "500");
    const block = { ...report.block, finalizedNumber: 118 };
    claim("a1", "500", { block, consumedJobs: [listed] });
    state.finals.set("base", { number: 112, hash: hash32("f1"), timestampMs: nowMs });
    releaseJobs(state, { jobs: journal.jobs, log }, nowMs);
    expect(state.jobs.get(job.jobId)?.consumption).toMatchObject({ isFinal: false });
    state.finals.set("base", { number: 115, hash: hash32("f1"), timestampMs: nowMs });
    releaseJobs(state, { jobs: journal.jobs, log }, nowMs);
    expect(journal.jobs.find(job.jobId)?.consumption).toMatchObject({ isFinal: true });
  });
});

describe("a transfer that its target says has arrived", () => {
  const GUID = hash32("9d");
  const says = (block: string): BookEntry => {
    const line = { guid: GUID, srcEid: 30_001, amountRaw: "7", blockNumber: 110 };
    return claim(block, "500", { deliveredTransfers: [{ ...line, blockHash: hash32("a0") }] });
  };
  const sent = (): void => {
    const consumption = { ...CONSUMPTION, isFinal: true };
    const change = { kind: "transfer", shard: "ethereum", target: "base", guid: GUID } as const;
    const job = aJobRecord({ ...change, state: "in-transit", consumption });
    state.jobs.set(job.jobId, job);
  };

  test("is believed when the token credited the vault in that block, to the last unit", async () => {
    sent();
    const entry = says("a1");
    agree(entry);
    await audit();
    expect(state.proved.get("base")).toBe(entry);
  });

  test.each([
    ["never", new Map<string, string>()],
    ["in another amount", new Map([[GUID, "8"]])],
  ])("is a lie when it was credited %s, and the money is on its way again", async (_, credited) => {
    sent();
    const entry = says("a1");
    state.finals.set("base", { number: 112, hash: hash32("f1"), timestampMs: nowMs });
    releaseJobs(state, { jobs: journal.jobs, log }, nowMs);
    expect(journal.jobs.find(aJobRecord({}).jobId)?.state).toBe("settled");
    agree(entry, { credited });
    await audit();
    expect(modeOf().mode).toBe("quarantined");
    const now = journal.jobs.find(aJobRecord({}).jobId)?.state;
    expect(now).toBe(credited.size === 0 ? "in-transit" : "settled");
  });
});
