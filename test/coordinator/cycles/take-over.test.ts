import { beforeEach, describe, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { type TakeOverPorts, takeOver } from "#coordinator/cycles/take-over.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { type ChainScript, finalise, scriptedChain } from "#test/support/chain/scripted-chain.ts";
import {
  aJobRecord,
  aShardSetup,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const GUID = hash32("61");
const CONSUMED = {
  jobId: aJobRecord().jobId,
  action: 1,
  blockNumber: 90,
  amountInRaw: "5",
  amountOutRaw: "6",
  guid: null,
  dstEid: null,
};
const SENT_TRANSFER = {
  ...CONSUMED,
  jobId: hash32("0d"),
  action: 2,
  guid: GUID,
  dstEid: 30_001,
  amountInRaw: "2500000000",
};

let state: CoordinatorState;
let journal: Journal;
let base: ChainScript;
let ethereum: ChainScript;
let ports: TakeOverPorts;
let waits: number;

beforeEach(() => {
  state = freshState(TWO_SETUPS);
  journal = freshJournal();
  const [one, other] = [scriptedChain(), scriptedChain()];
  base = one.script;
  ethereum = other.script;
  waits = 0;
  const never = (): Promise<never> => Promise.reject(new Error("not used"));
  ports = {
    jobs: journal.jobs,
    chains: new Map([
      ["base", one.chain],
      ["ethereum", other.chain],
    ]),
    clock: { nowMs: () => NOW_MS },
    log: memoryLog(),
    lookbackBlocks: 64,
    signer: { address: LEADER, signMandate: never, signEpochBump: async () => "0x00" },
    wait: async () => {
      waits += 1;
      if (waits === 3) finalise(base);
      return waits < 10;
    },
  };
});

function known(change: Partial<JobRecord> = {}): JobRecord {
  const job = aJobRecord(change);
  journal.jobs.update(job, "recorded", NOW_MS);
  state.jobs.set(job.jobId, job);
  return job;
}

test("the epoch is bumped once, and the shard is led only when that is final", async () => {
  const before = takeOver(state, ports, "base");
  await Promise.resolve();
  expect(state.takeOvers.get("base")).toMatchObject({ state: "waiting" });
  await before;
  expect(state.takeOvers.get("base")).toEqual({ state: "leading", epoch: 4, leader: LEADER });
  expect(base.bumps).toBe(1);
  expect(waits).toBe(3);
  expect(state.takeOvers.get("ethereum")).toMatchObject({ state: "waiting" });
});

describe("jobs of the time before", () => {
  test.each(["recorded", "sent", "included"] as const)(
    "not consumed at the final bump: a %s job is superseded",
    async (from) => {
      const job = known({ state: from });
      await takeOver(state, ports, "base");
      expect(journal.jobs.find(job.jobId)).toMatchObject({ state: "superseded" });
      expect(state.jobs.size).toBe(0);
    },
  );

  test("shown by a lost block's report while the chain is asked: nothing halts", async () => {
    const job = known({ state: "sent" });
    const chain = ports.chains.get("base");
    if (chain === undefined) throw new Error("no chain");
    const isConsumed: typeof chain.isConsumed = async (...args) => {
      const answer = await chain.isConsumed(...args);
      state.jobs.set(job.jobId, { ...job, state: "settled" });
      return answer;
    };
    const chains = new Map([...ports.chains, ["base", { ...chain, isConsumed }]]);
    await takeOver(state, { ...ports, chains }, "base");
    expect(state.brokenInvariant).toBeUndefined();
    expect(state.takeOvers.get("base")).toMatchObject({ state: "leading" });
    expect(state.jobs.get(job.jobId)?.state).toBe("settled");
  });

  test("shown by a report while its event is looked for: the report's word is not overwritten", async () => {
    const job = known({ state: "sent" });
    const chain = ports.chains.get("base");
    if (chain === undefined) throw new Error("no chain");
    const consumption = {
      blockNumber: 88,
      blockTimestampMs: NOW_MS,
      amountInRaw: "5",
      amountOutRaw: "6",
      isFinal: false,
    };
    const asked: typeof chain = {
      ...chain,
      isConsumed: () => Promise.resolve(true),
      consumedMandates: async (...args) => {
        const answer = await chain.consumedMandates(...args);
        if (args[1] !== undefined)
          state.jobs.set(job.jobId, { ...job, state: "settled", consumption });
        return answer;
      },
    };
    await takeOver(
      state,
      { ...ports, chains: new Map([...ports.chains, ["base", asked]]) },
      "base",
    );
    const { state: now } = state.jobs.get(job.jobId) ?? ports.jobs.find(job.jobId) ?? job;
    expect(now).toBe("settled");
  });

  test("consumed: kept in flight until a book shows it", async () => {
    const job = known({ state: "sent" });
    base.consumed = [CONSUMED];
    await takeOver(state, ports, "base");
    expect(state.jobs.get(job.jobId)).toMatchObject({
      state: "included",
      consumption: { blockNumber: 90, isFinal: true },
    });
  });

  test("of other shards and in transit are left alone", async () => {
    const other = known({ jobId: hash32("0e"), shard: "ethereum" });
    const moving = known({
      jobId: hash32("0f"),
      kind: "transfer",
      target: "ethereum",
      state: "in-transit",
    });
    await takeOver(state, ports, "base");
    expect(state.jobs.get(other.jobId)?.state).toBe("sent");
    expect(state.jobs.get(moving.jobId)?.state).toBe("in-transit");
  });
});

describe("transfers the journal does not know", () => {
  test("are in flight when the target does not show them", async () => {
    base.consumed = [SENT_TRANSFER];
    await takeOver(state, ports, "base");
    const job = journal.jobs.find(SENT_TRANSFER.jobId);
    expect(job).toMatchObject({
      state: "in-transit",
      target: "ethereum",
      guid: GUID,
      amountUsd: 2500,
      planId: null,
      mandate: null,
    });
    expect(state.jobs.has(SENT_TRANSFER.jobId)).toBe(true);
  });

  test("are not when the target's final blocks do", async () => {
    base.consumed = [SENT_TRANSFER];
    ethereum.deliveries = [{ guid: GUID, blockNumber: 95 }];
    await takeOver(state, ports, "base");
    expect(journal.jobs.find(SENT_TRANSFER.jobId)).toBeUndefined();
  });

  test("stay in flight while the target cannot be asked", async () => {
    base.consumed = [SENT_TRANSFER];
    ethereum.isReachable = false;
    await takeOver(state, ports, "base");
    expect(state.jobs.get(SENT_TRANSFER.jobId)?.state).toBe("in-transit");
  });

  test("that arrived on a faster chain, more blocks ago than are searched by default, are not in flight", async () => {
    const setups = new Map([
      ["ethereum", aShardSetup("ethereum", { blockTimeMs: 10 })],
      ["base", aShardSetup("base")],
    ]);
    state = freshState(setups);
    base.consumed = [SENT_TRANSFER];
    ethereum.finalBlock = { number: 100_000, timestampMs: NOW_MS };
    ethereum.deliveries = [{ guid: GUID, blockNumber: 99_100 }];
    await takeOver(state, ports, "base");
    expect(state.takeOvers.get("base")).toMatchObject({ state: "leading" });
    expect(state.jobs.size).toBe(0);
  });

  test("older than the lookback are not searched for", async () => {
    base.consumed = [{ ...SENT_TRANSFER, blockNumber: 35 }];
    await takeOver(state, ports, "base");
    expect(state.jobs.size).toBe(0);
  });
});

describe("when it fails", () => {
  test("an unreachable chain leaves the shard waiting, and says so", async () => {
    base.isReachable = false;
    await expect(takeOver(state, ports, "base")).rejects.toThrow("chain-unreachable");
    expect(state.takeOvers.get("base")).toMatchObject({ state: "waiting", isReachable: false });
  });

  test("a chain that goes away after the bump is not bumped again by the next attempt", async () => {
    const wait = ports.wait;
    const away = {
      ...ports,
      wait: async (ms: number) => {
        base.isReachable = false;
        return wait(ms);
      },
    };
    await expect(takeOver(state, away, "base")).rejects.toThrow("chain-unreachable");
    base.isReachable = true;
    await takeOver(state, ports, "base");
    expect(base.bumps).toBe(1);
    expect(state.takeOvers.get("base")).toMatchObject({ state: "leading", epoch: 4 });
  });

  test("a bump that a reorg or another coordinator undid is tried again from the vault's epoch", async () => {
    const wait = ports.wait;
    const usurped = {
      ...ports,
      wait: async (ms: number) => {
        base.head = { epoch: 7, leader: `0x${"55".repeat(20)}` };
        return wait(ms);
      },
    };
    await expect(takeOver(state, usurped, "base")).rejects.toThrow("bump-lost");
    await takeOver(state, ports, "base");
    expect(state.takeOvers.get("base")).toMatchObject({ state: "leading", epoch: 8 });
  });

  test("a stop while waiting leaves it waiting", async () => {
    await takeOver(state, { ...ports, wait: async () => false }, "base");
    expect(state.takeOvers.get("base")).toMatchObject({
      state: "waiting",
      reason: "epoch 4 is not final yet",
    });
  });
});
