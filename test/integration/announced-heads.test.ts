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

/** Mines until a block is announced: a subscription takes a moment. */
async function announced({ heads }: Pick<ReturnType<typeof open>, "heads">): Promise<BlockHeader> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await rpc(url, "evm_mine");
    await heads.wait(50);
    const head = heads.take();
    if (head !== null) return head;
  }
  throw new Error("nothing was announced");
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
  const head = await announced(open(new URL(url).port));
  await expect.poll(() => heads.reaches(head)).toBe(true);
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
