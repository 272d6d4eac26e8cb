import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { announcedHeads } from "#shard-agent/adapters/rpc/announced-heads.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { jsonRpcSocket } from "#test/support/chain/json-rpc-socket.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const CHAIN_ID = 31_337;
const knowsChain = ({ method }: { readonly method: string }) =>
  method === "eth_chainId" ? { result: "0x7a69" } : "silent";

function raw(number: number, byte: string, more: object = {}) {
  const result = {
    number: `0x${number.toString(16)}`,
    hash: hash32(byte),
    parentHash: hash32("00"),
    timestamp: "0x10",
    ...more,
  };
  return { method: "eth_subscription", params: { result } };
}

const block = (number: number, byte: string) => ({
  ...aSnapshot().block,
  number,
  hash: hash32(byte),
});

/** Some endpoints, none of which is believed. */
async function listening(endpoints: number) {
  const nodes = await Promise.all(
    Array.from({ length: endpoints }, () => jsonRpcSocket(knowsChain)),
  );
  const heads = announcedHeads({
    urls: nodes.map(({ url }) => url),
    chainId: CHAIN_ID,
    isBelieved: false,
    pause: async (ms) => delay(ms, true),
    log: memoryLog(),
  });
  onTestFinished(heads.close);
  const listens = ({ frames }: (typeof nodes)[number]) => frames.flat().includes("eth_subscribe");
  await expect.poll(() => nodes.every(listens)).toBe(true);
  return { nodes, heads };
}

test("an announcement that cannot be read is passed over", async () => {
  const { nodes, heads } = await listening(1);
  for (const lie of [
    { number: "0xffffffffffffffffff" },
    { number: "0x" },
    { timestamp: "0x" },
    { baseFeePerGas: "much" },
    { baseFeePerGas: {} },
  ])
    nodes[0]?.say(raw(7, "a7", lie));
  nodes[0]?.say({ params: null });
  nodes[0]?.say(raw(8, "a8"));
  await expect.poll(() => heads.reaches(block(8, "a8"))).toBe(true);
});

test("an endpoint that announces what is not there does not hide what the others announce", async () => {
  const { nodes, heads } = await listening(2);
  nodes[0]?.say(raw(900, "99"));
  await heads.wait(5_000);
  heads.take();
  expect(heads.reaches(block(7, "a7"))).toBe(false);
  nodes[1]?.say(raw(8, "a8"));
  await expect.poll(() => heads.reaches(block(8, "a8"))).toBe(true);
  expect(heads.reaches(block(9, "a9"))).toBe(false);
});

test("an endpoint that announces old heads only loses its own connection", async () => {
  const { nodes, heads } = await listening(2);
  nodes[1]?.say(raw(100, "a1"));
  await expect.poll(() => heads.reaches(block(100, "a1"))).toBe(true);
  nodes[0]?.say(raw(3, "b3"));
  await expect
    .poll(() => [heads.reaches(block(100, "a1")), nodes[0]?.connections()], { timeout: 5_000 })
    .toEqual([true, 2]);
  expect(nodes[1]?.connections()).toBe(1);
});

test("each endpoint's announcement of a head is a reason to look again: a quorum may have it only then", async () => {
  const { nodes, heads } = await listening(2);
  for (const node of nodes) {
    node.say(raw(8, "a8"));
    const started = heads.wait(60_000);
    expect(await started).toBe(true);
    heads.take();
  }
});
