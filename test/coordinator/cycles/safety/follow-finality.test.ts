import { beforeEach, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { followFinality, recallFinality } from "#coordinator/cycles/safety/follow-finality.ts";
import { recallSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import { operateSafety } from "#coordinator/cycles/safety/operate-safety.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import { scriptedChain } from "#test/support/chain/scripted-chain.ts";
import { NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

let state: CoordinatorState;
let base: ReturnType<typeof scriptedChain>;
let journal: Journal;
const log = memoryLog();
const clock = { nowMs: () => NOW_MS };
const REPLACED = `base: block 100 was final with hash ${hash32("a0")}; now ${hash32("b0")} is in its place [finality-broken]`;

beforeEach(() => {
  state = freshState(TWO_SETUPS);
  journal = freshJournal();
  base = scriptedChain();
  base.script.hashes = new Map([
    [100, hash32("a0")],
    [110, hash32("a1")],
  ]);
});

async function look(finalNumber: number): Promise<void> {
  base.script.finalBlock.number = finalNumber;
  await followFinality(state, { journal, log, clock }, "base", base.chain);
}

test("final blocks that follow one another are taken note of", async () => {
  await look(100);
  await look(110);
  expect(state.finals.get("base")).toMatchObject({ number: 110, hash: hash32("a1") });
  expect(state.brokenInvariant).toBeUndefined();
});

test("a node that is behind proves nothing, and takes back nothing", async () => {
  await look(110);
  await look(100);
  expect(state.finals.get("base")).toMatchObject({ number: 110 });
  expect(state.brokenInvariant).toBeUndefined();
});

test("a chain that was restored from an older state halts everything once it is as high again, and not anew after that", async () => {
  await look(100);
  base.script.hashes.set(100, hash32("b0"));
  base.script.hashes.set(110, hash32("b1"));
  await look(90);
  expect(state.brokenInvariant).toBeUndefined();
  await look(110);
  expect(state.brokenInvariant).toBe(REPLACED);
  state.brokenInvariant = undefined;
  await look(110);
  expect(state.brokenInvariant).toBeUndefined();
});

test("what a node says once and not again halts nothing", async () => {
  await look(100);
  let asked = 0;
  const hasty: typeof base.chain = {
    ...base.chain,
    blockAt: async (number) => {
      const block = await base.chain.blockAt(number);
      asked += 1;
      return asked === 1 ? { ...block, hash: hash32("b0") } : block;
    },
  };
  base.script.finalBlock.number = 110;
  await followFinality(state, { journal, log, clock }, "base", hasty);
  expect(state.brokenInvariant).toBeUndefined();
});

test("a chain that is just being replaced says something else each time: it is found out by the next look", async () => {
  await look(100);
  let asked = 0;
  const moving: typeof base.chain = {
    ...base.chain,
    blockAt: async (number) => {
      const block = await base.chain.blockAt(number);
      asked += 1;
      return { ...block, hash: hash32(asked === 1 ? "c0" : "b0") };
    },
  };
  base.script.finalBlock.number = 110;
  await followFinality(state, { journal, log, clock }, "base", moving);
  expect(state.brokenInvariant).toBeUndefined();
  expect(state.finals.get("base")).toMatchObject({ number: 100 });
  await followFinality(state, { journal, log, clock }, "base", moving);
  expect(state.brokenInvariant).toBe(REPLACED);
});

test("a chain that cannot be read changes nothing", async () => {
  await look(100);
  base.script.isReachable = false;
  await expect(look(110)).rejects.toThrow("no RPC answers");
  expect(state.finals.get("base")).toMatchObject({ number: 100 });
});

/** What a process that is started on the same journal knows. */
function restart(): void {
  state = freshState(TWO_SETUPS);
  state.safetySavedAtMs = NOW_MS;
  recallSafety(state, { journal, log }, NOW_MS);
  recallFinality(state, { log });
  state.manualHalt = journal.halts.current();
}

function replace(): void {
  base.script.hashes.set(100, hash32("b0"));
  base.script.hashes.set(110, hash32("b1"));
}

test("what was found broken stays so over restarts, without any pass between, until a person resumes", async () => {
  await look(100);
  replace();
  await look(110);
  for (let start = 0; start < 2; start += 1) {
    restart();
    expect(state.brokenInvariant).toBe(REPLACED);
    await look(110);
    expect(state.brokenInvariant).toBe(REPLACED);
  }
  const operator = operateSafety(state, { journal, log, clock });
  expect(operator.safety(5).finality).toEqual([
    {
      shard: "base",
      final: { number: 110, hash: hash32("b1") },
      broken: { number: 100, was: hash32("a0"), found: hash32("b0"), atMs: NOW_MS },
    },
  ]);
  operator.resume("the provider restored a backup; compared with the vault", "base");
  expect(state.brokenInvariant).toBe(REPLACED);
  operator.resume("the provider restored a backup; compared with the vault");
  restart();
  await look(110);
  expect(state.brokenInvariant).toBeUndefined();
  expect(state.manualHalt).toBeUndefined();
  expect(journal.safety.events(5)).toMatchObject([
    { type: "finality", shard: "base", isOver: true, reason: expect.stringContaining("backup") },
    { type: "finality", shard: "base", isOver: false, reason: null },
  ]);
});

test("a chain that was replaced while no coordinator ran is found out by the next one's first look", async () => {
  await look(100);
  await look(110);
  restart();
  expect(state.finals.size).toBe(0);
  replace();
  await look(120);
  expect(state.brokenInvariant).toBe(REPLACED);
});

test("a chain that was restored from before its newest final block is found out before it is as high again", async () => {
  await look(100);
  await look(110);
  replace();
  await look(105);
  expect(state.brokenInvariant).toBe(REPLACED);
});
