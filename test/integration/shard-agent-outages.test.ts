import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import {
  type AttendedWorld,
  onlySite,
  openAttendedWorld,
} from "#test/support/chain/attended-world.ts";
import { type RunningProcess, runProcess } from "#test/support/runner/run-process.ts";
import { type TcpProxy, tcpProxy } from "#test/support/runner/tcp-proxy.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

let attended: AttendedWorld;
let world: World;
let chain: WorldChain;
let site: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({
    seed: 22,
    chains: 2,
    open: [0],
    led: [],
    without: ["agents"],
  });
  world = attended.world;
  site = onlySite(attended);
  chain = site.chain;
});

afterAll(() => attended?.close());

test("Redis and the node may be missing at the start: it says so, waits, and then runs", async () => {
  const { agent, redis, node } = await startAgent();
  await agent.printed("the chain cannot be checked yet; trying again");
  await node.open();
  await agent.printed("is not reachable (ECONNREFUSED); trying again");
  await redis.open();
  await agent.printed("agent runs");
  const head = Number(await site.client.getBlockNumber());
  const report = await site.reportWith((one) => one.block.number > head);
  expect(report.shard).toBe(chain.shard);
  expect(agent.output().match(/is not reachable/g)).toHaveLength(1);
  await expectOrderlyEnd(agent);
});

test("a stop while it still waits for the node is not a failure", async () => {
  const { agent } = await startAgent();
  await agent.printed("trying again");
  await expectOrderlyEnd(agent);
});

test("without Redis no report leaves, no quote is given and no job is taken; all come back with it", async () => {
  const { agent, redis, node } = await startAgent();
  await node.open();
  await redis.open();
  await agent.printed("agent runs");
  await waitFor(quoteStatus, (status) => status === 200, "quote");
  await redis.cut();
  await waitFor(quoteStatus, (status) => status === 503, "refusal");
  const { seq } = await site.newestReport();
  await redis.open();
  await site.reportWith((one) => one.seq > seq);
  await waitFor(quoteStatus, (status) => status === 200, "quote again");
  expect(await site.run({ version: 1 }, "j-after-outage")).toMatchObject({ reason: "malformed" });
  expect(agent.output().match(/report failed; the next block tries again/g)).toHaveLength(1);
  expect(agent.output()).toContain("report works again");
  await expectOrderlyEnd(agent);
});

test("without the node no report leaves and no quote is given; both come back with it", async () => {
  const { agent, redis, node } = await startAgent();
  await node.open();
  await redis.open();
  await agent.printed("agent runs");
  await waitFor(quoteStatus, (status) => status === 200, "quote");
  await node.cut();
  await agent.printed("RPC is not reachable");
  await waitFor(quoteStatus, (status) => status === 503, "refusal");
  const { seq } = await site.newestReport();
  await node.open();
  await agent.printed("RPC answers again");
  await site.reportWith((one) => one.seq > seq);
  await waitFor(quoteStatus, (status) => status === 200, "quote again");
  expect(agent.output().match(/RPC is not reachable/g)).toHaveLength(1);
  await expectOrderlyEnd(agent);
});

test("a configuration that disagrees with the chain starts nothing and names every field", async () => {
  const wrong = {
    shard: "elsewhere",
    mandateQuorum: 2,
    mandateSigners: [chain.agent.sender, chain.agent.quoter],
  };
  const { agent, redis, node } = await startAgent(wrong);
  await redis.open();
  await node.open();
  expect(await agent.exitCode).toBe(2);
  for (const field of ["shard:", "mandateQuorum:", "mandateSigners[0]:", "mandateSigners[1]:"]) {
    expect(agent.output()).toContain(field);
  }
  expect(agent.output()).not.toContain("agent runs");
});

test("a configuration with wrong fields names all of them and ends with code 2", async () => {
  const { agent } = await startAgent({ chainId: "one", rpcUrls: [], gasFloorWei: -1, typo: true });
  expect(await agent.exitCode).toBe(2);
  for (const field of ["chainId", "rpcUrls", "gasFloorWei", "typo"])
    expect(agent.output()).toContain(field);
});

type Started = {
  readonly agent: RunningProcess;
  readonly redis: TcpProxy;
  readonly node: TcpProxy;
};

/** The agent of the world's first chain behind two closed proxies, with a journal of its own. */
async function startAgent(change: object = {}): Promise<Started> {
  const folder = temporaryFolder();
  const redis = await tcpProxy(Number(new URL(world.description.redisUrl).port));
  const node = await tcpProxy(Number(new URL(chain.rpcUrl).port));
  const original = join(world.description.dataDir, `agent-${chain.shard}.yaml`);
  const config = {
    ...parse(readFileSync(original, "utf8")),
    redisUrl: `redis://127.0.0.1:${redis.port}`,
    rpcUrls: [`http://127.0.0.1:${node.port}`],
    dataDir: folder,
    ...change,
  };
  const file = join(folder, "agent.yaml");
  writeFileSync(file, stringify(config));
  return { agent: runProcess("shard-agent/main.ts", ["--config", file]), redis, node };
}

async function expectOrderlyEnd(agent: RunningProcess): Promise<void> {
  agent.kill("SIGTERM");
  expect(await agent.exitCode).toBe(0);
}

async function quoteStatus(): Promise<number> {
  const answer = await fetch(`${chain.quotesUrl}/v1/quotes`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      taker: chain.agent.sender,
      underlying: "ETH",
      type: "call",
      side: "buy",
      strikeUsd: 3000,
      quantity: 1,
      expiryMs: world.description.market?.expiriesMs.at(-1),
    }),
  });
  await answer.text();
  return answer.status;
}
