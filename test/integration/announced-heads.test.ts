import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { announcedHeads } from "#shard-agent/adapters/rpc/announced-heads.ts";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { rpc, startAnvil } from "#test/local/chains/anvil.ts";
import { createSupervisor, type Supervisor } from "#test/local/processes/supervisor.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { tcpProxy } from "#test/support/runner/tcp-proxy.ts";

let folder: string;
let supervisor: Supervisor;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "riskshard-heads-"));
  supervisor = createSupervisor(folder);
  const chain = { name: "heads", chainId: 31_337, forkUrl: null, startsAtSeconds: null };
  ({ rpcUrl: url } = await startAnvil(supervisor, { ...chain, cacheDir: folder }));
});
afterAll(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
});

function open(port: string | number, isBelieved = true) {
  const log = memoryLog();
  const pause = async (ms: number) => delay(ms, true);
  const urls = [`ws://127.0.0.1:${port}`];
  const heads = announcedHeads({ urls, chainId: 31_337, isBelieved, pause, log });
  onTestFinished(heads.close);
  return { heads, lines: log.lines };
}

const BLOCKS_MAX = 500;
const LOOKS_PER_BLOCK = 4;

/** Mines until the newest block is announced, so that no other is on its way: a subscription takes a moment. */
async function announced({ heads }: Pick<ReturnType<typeof open>, "heads">): Promise<BlockHeader> {
  for (let block = 0; block < BLOCKS_MAX; block += 1) {
    const newest = await mined();
    for (let look = 0; look < LOOKS_PER_BLOCK; look += 1) {
      await heads.wait(50);
      const head = heads.take();
      if (head?.number === newest) return head;
    }
  }
  throw new Error("nothing was announced");
}

/** Number of a block that is new. */
async function mined(): Promise<number> {
  await rpc(url, "evm_mine");
  return Number(await rpc(url, "eth_blockNumber"));
}

test("an announcement is the head that an endpoint gives when asked, told once", async () => {
  const { heads } = open(new URL(url).port);
  const head = await announced({ heads });
  expect(head).toEqual(await readHeader(rpcClient([url]), head.number));
  expect(heads.take()).toBeNull();
  expect(heads.reaches(head)).toBe(true);
});

test("what is not believed is only a reason to ask", async () => {
  const { heads } = open(new URL(url).port, false);
  const believed = open(new URL(url).port);
  let head = await announced(believed);
  // Whichever of the two subscribed first: both hear of a block that comes later.
  const isReached = async () => {
    if (heads.reaches(head)) return true;
    head = await announced(believed);
    return heads.reaches(head);
  };
  await expect.poll(isReached, { interval: 250 }).toBe(true);
  expect(heads.take()).toBeNull();
});

test("a connection that breaks is opened anew, and said once", async () => {
  const proxy = await tcpProxy(Number(new URL(url).port));
  await proxy.open();
  const { heads, lines } = open(proxy.port);
  await announced({ heads });
  await proxy.cut();
  await expect.poll(() => lines.map(({ level }) => level)).toEqual(["warn"]);
  await proxy.open();
  await announced({ heads });
  expect(lines.map(({ level }) => level)).toEqual(["warn", "info"]);
  expect(JSON.stringify(lines)).toContain(`rpc.wsUrls[0] (127.0.0.1:${proxy.port})`);
});

test("a connection that is open and silent while the chain goes on is opened anew", async () => {
  const { heads } = open(new URL(url).port);
  const head = await announced({ heads });
  const ahead = (blocks: number) => ({ ...head, number: head.number + blocks, hash: hash32("ff") });
  expect(heads.reaches(ahead(2))).toBe(false);
  expect(heads.reaches(head)).toBe(true);
  expect(heads.reaches(ahead(3))).toBe(false);
  expect(heads.reaches(head)).toBe(false);
  const next = await announced({ heads });
  expect(heads.reaches(next)).toBe(true);
});
