import { beforeEach, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { type CreditLook, findCredit } from "#coordinator/cycles/jobs/find-credit.ts";
import type { MessageFate } from "#coordinator/records/jobs/message-fate.ts";
import { type ChainScript, scriptedChain } from "#test/support/chain/scripted-chain.ts";
import { NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { freshState, TWO_SETUPS } from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { aTransferRecord } from "#test/support/coordinator/transfer-record.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const RECORD = aTransferRecord();
const { guid } = RECORD;
const WAITS: MessageFate = { committedHash: hash32("aa"), isPast: false, isCredited: false };
const DONE: MessageFate = { committedHash: null, isPast: true, isCredited: false };
const SENT_MS = NOW_MS - 86_400_000;

let state: CoordinatorState;
let target: ReturnType<typeof scriptedChain>;
let script: ChainScript;

beforeEach(() => {
  state = freshState(TWO_SETUPS);
  target = scriptedChain();
  script = target.script;
  script.finalBlock.number = 100_000;
  script.newestBlock.number = 100_010;
  script.timestampAt = (number) => NOW_MS - (100_000 - number) * 1_000;
});

async function look(): Promise<CreditLook> {
  const final = { ...script.finalBlock, hash: hash32("f1") };
  const sought = { guid, sentAtMs: () => Promise.resolve(SENT_MS) };
  const ports = { lookbackBlocks: 64, log: memoryLog() };
  return findCredit(state, ports, sought, { chain: target.chain, final });
}

async function lookUntilKnown(): Promise<CreditLook["is"][]> {
  const all: CreditLook["is"][] = [];
  while (all.length < 30 && (all.at(-1) ?? "unknown") === "unknown") all.push((await look()).is);
  return all;
}

test("a message that waits at the endpoint is absent at once, and no log is asked for", async () => {
  state.transfers.set(guid, RECORD);
  script.fates.set(guid, WAITS);
  expect(await look()).toEqual({ is: "absent" });
  expect(script.asked).toEqual([]);
});

test("one whose path is not known is absent once all blocks since it was sent have been searched, and not before", async () => {
  const looks = await lookUntilKnown();
  expect(looks.at(-1)).toBe("absent");
  // A day and an hour of blocks, a second each.
  expect(looks.filter((one) => one === "unknown").length).toBe(9);
  expect(await look()).toEqual({ is: "absent" });
});

test("one that the endpoint has done with and no log shows is gone, never absent: a node may hide logs", async () => {
  state.transfers.set(guid, RECORD);
  script.fates.set(guid, DONE);
  const looks = await lookUntilKnown();
  expect(looks.at(-1)).toBe("gone");
});

test("a credit hidden once is found by the search that begins anew", async () => {
  await lookUntilKnown();
  script.deliveries = [{ guid, blockNumber: 50_000 }];
  const found: CreditLook[] = [];
  for (let count = 0; count < 12; count += 1) found.push(await look());
  expect(found).toContainEqual({ is: "credited", delivery: { guid, blockNumber: 50_000 } });
});

test("after blocks that no look has covered nothing is known any more, until all of them are searched", async () => {
  await lookUntilKnown();
  script.finalBlock.number = 120_000;
  script.deliveries = [{ guid, blockNumber: 104_000 }];
  expect(await look()).toEqual({ is: "unknown" });
  expect(await look()).toMatchObject({ is: "credited", delivery: { blockNumber: 104_000 } });
});
