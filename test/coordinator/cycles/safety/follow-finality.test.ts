import { beforeEach, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { followFinality } from "#coordinator/cycles/safety/follow-finality.ts";
import { scriptedChain } from "#test/support/chain/scripted-chain.ts";
import { freshState, TWO_SETUPS } from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

let state: CoordinatorState;
let base: ReturnType<typeof scriptedChain>;

beforeEach(() => {
  state = freshState(TWO_SETUPS);
  base = scriptedChain();
  base.script.hashes = new Map([
    [100, hash32("a0")],
    [110, hash32("a1")],
  ]);
});

async function look(finalNumber: number): Promise<void> {
  base.script.finalBlock.number = finalNumber;
  await followFinality(state, { log: memoryLog() }, "base", base.chain);
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
  expect(state.brokenInvariant).toBe(
    `base: block 100 was final with hash ${hash32("a0")}; now ${hash32("b0")} is in its place [finality-broken]`,
  );
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
  await followFinality(state, { log: memoryLog() }, "base", hasty);
  expect(state.brokenInvariant).toBeUndefined();
});

test("a chain that cannot be read changes nothing", async () => {
  await look(100);
  base.script.isReachable = false;
  await expect(look(110)).rejects.toThrow("no RPC answers");
  expect(state.finals.get("base")).toMatchObject({ number: 100 });
});
