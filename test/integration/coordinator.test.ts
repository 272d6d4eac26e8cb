import { Redis } from "ioredis";
import { parseEther } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import type { TransferParams } from "#shared/wire/rebalance-job.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { reporterPrivateKey, signBytes } from "#shared/wire/signed-bytes.ts";
import { reportStreamKey } from "#shared/wire/stream-keys.ts";
import { startWorld, type World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import { type AgentSite, openSite } from "#test/support/agent/agent-site.ts";
import { keepFeedsFresh, refreshFeeds } from "#test/support/chain/fresh-feeds.ts";
import {
  type ApiAnswer,
  type CoordinatorProcess,
  policyFileWith,
  startCoordinator,
} from "#test/support/coordinator/coordinator-process.ts";
import { plannedJob, vaultCall } from "#test/support/coordinator/planner.ts";
import { tcpProxy } from "#test/support/runner/tcp-proxy.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

let world: World;
let source: WorldChain;
let target: WorldChain;
let sites: AgentSite[];
let redis: Redis;
let stopFeeds: () => Promise<void>;

beforeAll(async () => {
  const processes = { coordinator: false, market: false, takers: false };
  world = await startWorld({ chains: 2, seed: 31, processes });
  const [one, other] = world.description.chains;
  if (one === undefined || other === undefined) throw new Error("two chains expected");
  [source, target] = [one, other];
  sites = [one, other].map((chain) => openSite(world, chain));
  redis = new Redis(world.description.redisUrl);
  stopFeeds = keepFeedsFresh(world, sites);
});

afterAll(async () => {
  await stopFeeds?.();
  redis?.disconnect();
  for (const site of sites ?? []) await site.close();
  await world?.stop();
});

const isReady = (answer: ApiAnswer): boolean => answer.status === 200;

type Shard = {
  id: string;
  lastReport: { seq: number } | null;
  epoch: number;
  mode: string;
  acceptedReports: number;
  refusedReports: Record<string, number>;
};

function shardOf(answer: ApiAnswer, chain: WorldChain): Shard {
  const found = (answer.body["shards"] as Shard[] | undefined)?.find(
    (shard) => shard.id === chain.shard,
  );
  if (found === undefined) throw new Error(`no shard ${chain.shard}: ${JSON.stringify(answer)}`);
  return found;
}

async function epochs(): Promise<number[]> {
  return Promise.all(sites.map(async (site) => Number(await site.vaultRead("epoch"))));
}

async function end(coordinator: CoordinatorProcess): Promise<void> {
  coordinator.kill("SIGTERM");
  expect(await coordinator.exitCode).toBe(0);
}

type Sent = { signed?: boolean; raw?: Buffer; id?: (seq: number) => string };

/**
 * Puts a message on the source shard's stream as its agent would; `change` alters what is sent. The agent lives: what it
 * writes while a message is made takes the message's place in the stream, and the message is made anew.
 */
async function send(change: (report: ShardReport) => object, o: Sent = {}): Promise<void> {
  while (!(await isTaken(change, o)));
}

async function isTaken(change: (report: ShardReport) => object, o: Sent): Promise<boolean> {
  const site = sites[0];
  if (site === undefined) throw new Error("a site expected");
  const newest = await site.newestReport();
  const report = { ...newest, seq: Math.max(Date.now(), newest.seq + 1) };
  const content = change(report) as ShardReport;
  const body = o.raw ?? encodeMessage(content);
  const key = reporterPrivateKey(world.keys.privateKey(`reporter-${source.key}`).slice(2));
  const sig = o.signed === false ? Buffer.alloc(64, 1) : signBytes(body, key);
  const id = o.id?.(report.seq) ?? `${content.seq ?? report.seq}-0`;
  const stream = reportStreamKey(source.shard, source.agent.id);
  try {
    await redis.xadd(stream, id, "body", body, "sig", sig);
    return true;
  } catch (error) {
    if (String(error).includes("equal or smaller")) return false;
    throw error;
  }
}

describe("Redis and the nodes", () => {
  test("may be away at the start and later: it says so, issues nothing, and goes on when they are back", async () => {
    const before = await epochs();
    const proxies = await Promise.all(
      [world.description.redisUrl, source.rpcUrl].map((url) => tcpProxy(Number(new URL(url).port))),
    );
    const [redisProxy, node] = proxies;
    if (redisProxy === undefined || node === undefined) throw new Error("two proxies expected");
    const coordinator = await startCoordinator(world, {
      change: (config) => ({
        redisUrl: `redis://127.0.0.1:${redisProxy.port}`,
        shards: config.shards.map((shard) =>
          shard.id === source.shard
            ? { ...shard, rpcUrls: [`http://127.0.0.1:${node.port}`] }
            : shard,
        ),
      }),
    });
    await coordinator.printed("is not reachable (ECONNREFUSED); trying again");
    const away = await coordinator.until("/readyz", ({ status }) => status === 503);
    expect(away.body["reasons"]).toContain("Redis is not reachable");
    expect((await coordinator.get("/livez")).status).toBe(200);
    await redisProxy.open();
    // The unreachable chain's shard waits; the other one is led and reports of both are accepted.
    const partly = await coordinator.until("/v1/shards", (answer) => {
      return (
        answer.status === 200 &&
        shardOf(answer, source).acceptedReports > 0 &&
        shardOf(answer, target).mode === "run"
      );
    });
    expect(shardOf(partly, source).mode).toBe("waiting");
    await node.open();
    await coordinator.until("/readyz", isReady);
    await coordinator.until("/v1/shards", (answer) => shardOf(answer, source).mode === "run");
    expect(await epochs()).toEqual(before.map((epoch) => epoch + 1));

    await redisProxy.cut();
    await coordinator.until("/readyz", ({ status }) => status === 503);
    const blocked = await coordinator.until("/v1/decisions?limit=1", ({ body }) => {
      return JSON.stringify(body).includes("Redis is not reachable");
    });
    expect(blocked.status).toBe(200);
    await redisProxy.open();
    await coordinator.until("/readyz", isReady);
    const { acceptedReports } = shardOf(await coordinator.get("/v1/shards"), target);
    await coordinator.until(
      "/v1/shards",
      (answer) => shardOf(answer, target).acceptedReports > acceptedReports,
    );
    expect(
      coordinator.output().match(/"kind":"producer".*is not reachable/g)?.length ?? 0,
    ).toBeLessThanOrEqual(2);
    await end(coordinator);
  });
});

describe("reports", () => {
  const block = (report: ShardReport, byMs: number) => ({
    ...report.block,
    timestampMs: report.block.timestampMs + byMs,
  });

  const BAD: readonly { readonly reason: string; readonly send: () => Promise<void> }[] = [
    {
      reason: "malformed",
      send: () => send((report) => ({ seq: report.seq }), { raw: Buffer.from([0xc1]) }),
    },
    { reason: "malformed", send: () => send((report) => ({ ...report, collateral: "all of it" })) },
    { reason: "unsupported-version", send: () => send((report) => ({ ...report, version: 9 })) },
    { reason: "forged", send: () => send((report) => report, { signed: false }) },
    { reason: "unknown-agent", send: () => send((report) => ({ ...report, agent: "somebody" })) },
    { reason: "wrong-shard", send: () => send((report) => ({ ...report, shard: target.shard })) },
    {
      reason: "wrong-chain",
      send: () => send((report) => ({ ...report, chainId: target.chainId })),
    },
    {
      reason: "sequence-mismatch",
      send: () =>
        send((report) => ({ ...report, seq: report.seq - 5 }), { id: (seq) => `${seq}-0` }),
    },
    {
      reason: "sequence-mismatch",
      send: () => send((report) => report, { id: (seq) => `${seq}-7` }),
    },
    {
      reason: "stale",
      send: () => send((report) => ({ ...report, block: block(report, -60_000) })),
    },
    {
      reason: "block-regressed",
      send: () => send((report) => ({ ...report, block: block(report, -1) })),
    },
  ];

  test("that are bad are refused with their reason and counted, and the next good one is accepted", async () => {
    const coordinator = await startCoordinator(world);
    await coordinator.until("/readyz", isReady);
    for (const { reason, send: sendBad } of BAD) {
      const before = shardOf(await coordinator.get("/v1/shards"), source);
      await sendBad();
      const refused = await coordinator.until("/v1/shards", (answer) => {
        return (
          (shardOf(answer, source).refusedReports[reason] ?? 0) >
          (before.refusedReports[reason] ?? 0)
        );
      });
      const { acceptedReports } = shardOf(refused, source);
      await coordinator.until(
        "/v1/shards",
        (answer) => shardOf(answer, source).acceptedReports > acceptedReports,
      );
    }
    const { body } = await coordinator.get("/v1/refused?limit=100");
    type Refused = { kind: string; reason: string; detail: string; shard: string };
    // An earlier test's coordinator may have planned jobs: their receipts, of no job of this journal,
    // are refused too.
    const kept = (body["refused"] as Refused[]).filter(({ kind }) => kind === "report");
    expect(new Set(kept.map((one) => one.reason))).toEqual(new Set(BAD.map((one) => one.reason)));
    expect(kept.every((one) => one.detail.length > 0 && one.shard === source.shard)).toBe(true);
    const counters = (await coordinator.get("/v1/counters")).body as {
      reports: { refused: Record<string, number> };
    };
    expect(counters.reports.refused["malformed"]).toBe(2);
    expect(counters.reports.refused["forged"]).toBe(1);
    await end(coordinator);
  });

  test("that were accepted before a crash are duplicates after it, and a lost stream is no obstacle", async () => {
    const dataDir = temporaryFolder();
    const agent = `agent-${source.shard}`;
    const first = await startCoordinator(world, { dataDir });
    await first.until("/v1/shards", (answer) => shardOf(answer, source).acceptedReports > 0);
    await world.processes.get(agent).stop();
    const last = (await sites[0]?.newestReport())?.seq;
    await first.until("/v1/shards", (answer) => shardOf(answer, source).lastReport?.seq === last);
    first.kill("SIGKILL");
    await first.exitCode;
    const second = await startCoordinator(world, { dataDir });
    const answer = await second.until("/v1/shards", (one) => {
      return Object.keys(shardOf(one, source).refusedReports).length > 0;
    });
    expect(shardOf(answer, source)).toMatchObject({
      acceptedReports: 0,
      refusedReports: { "duplicate-or-out-of-order": 1 },
    });
    await redis.del(reportStreamKey(source.shard, source.agent.id));
    world.processes.start(agent);
    await second.until("/v1/shards", (one) => shardOf(one, source).acceptedReports > 0);
    await end(second);
  });
});

describe("a restart", () => {
  test("after kill -9 bumps every epoch again and keeps a halt until somebody resumes", async () => {
    const dataDir = temporaryFolder();
    const first = await startCoordinator(world, { dataDir });
    await first.until("/readyz", isReady);
    const before = await epochs();
    expect((await first.post("/v1/halt", { reason: "looking into it" })).body).toEqual({
      mode: "halt",
    });
    first.kill("SIGKILL");
    await first.exitCode;
    const second = await startCoordinator(world, { dataDir });
    await second.until("/readyz", isReady);
    expect(await epochs()).toEqual(before.map((epoch) => epoch + 1));
    const halted = await second.until("/v1/risk", ({ status }) => status === 200);
    expect(halted.body).toMatchObject({ mode: "halt", haltReasons: ["manual: looking into it"] });
    expect((await second.post("/v1/resume", { reason: "all is well" })).body).toEqual({
      mode: "run",
    });
    await second.until("/v1/shards", (answer) => shardOf(answer, source).mode === "run");
    const rehearsed = await second.post("/v1/plans/dry-run", {});
    expect(rehearsed).toMatchObject({ status: 200, body: { decision: { trigger: "operator" } } });
    const { planId } = rehearsed.body["decision"] as { planId: string };
    expect((await second.get(`/v1/plans/${planId}`)).status).toBe(404);
    await end(second);
  });

  test("without its journal finds a transfer that is on its way, and sees it arrive", async () => {
    const [site] = sites;
    if (site === undefined) throw new Error("a site expected");
    await world.processes.get("lz-worker").stop();
    const planner = world.keys.account("planner");
    const params: TransferParams = {
      kind: "transfer",
      dstEid: target.endpointId,
      dstVault: `0x${target.contracts.vault.slice(2).toLowerCase().padStart(64, "0")}`,
      amountRaw: "1234000000",
      minAmountRaw: "1234000000",
      lzReceiveGas: 200_000,
      minCapitalAfterRaw: "0",
    };
    const [epoch] = await epochs();
    const job = await plannedJob({
      chain: source,
      params,
      leader: planner.address,
      epoch: epoch ?? 0,
      signer: planner,
    });
    await refreshFeeds(world, site);
    await site.user.send({
      label: "transfer",
      gas: 2_000_000n,
      to: source.contracts.vault,
      data: vaultCall(job),
      valueWei: parseEther("0.05"),
    });
    // Nothing but the transfer is on its way: cash stays where it is.
    const policyFile = policyFileWith(world, (policy) => ({
      ...policy,
      lending: { ...policy.lending, supplyMaxFraction: 0 },
    }));
    const coordinator = await startCoordinator(world, { change: () => ({ policyFile }) });
    await coordinator.until("/readyz", isReady);
    const { jobId } = job.mandate;
    type Jobs = { jobId: string; state: string; kind: string; target: string; amountUsd: number }[];
    const jobsOf = (answer: ApiAnswer): Jobs => answer.body["jobs"] as Jobs;
    const found = await coordinator.until("/v1/jobs", (answer) =>
      jobsOf(answer).some((one) => one.jobId === jobId),
    );
    expect(jobsOf(found)[0]).toMatchObject({
      state: "in-transit",
      kind: "transfer",
      target: target.shard,
      amountUsd: 1234,
    });
    expect((await coordinator.get("/v1/risk")).body["jobsInFlight"]).toBe(1);
    world.processes.start("lz-worker");
    await coordinator.until("/v1/jobs?state=settled", (answer) =>
      jobsOf(answer).some((one) => one.jobId === jobId),
    );
    await coordinator.until("/v1/risk", ({ body }) => body["jobsInFlight"] === 0);
    await end(coordinator);
  });
});

test("in shadow mode it plans and records, signs nothing, queues nothing and bumps no epoch", async () => {
  const before = await epochs();
  const coordinator = await startCoordinator(world, { flags: ["--shadow"] });
  await coordinator.until("/readyz", isReady);
  const risk = await coordinator.until("/v1/risk", ({ body }) => body["mode"] === "run");
  expect(risk.body).toMatchObject({ shadow: true, jobsInFlight: 0 });
  const { body } = await coordinator.until(
    "/v1/decisions",
    (answer) => (answer.body["decisions"] as unknown[]).length > 0,
  );
  expect((body["decisions"] as { shadow: boolean }[]).every((decision) => decision.shadow)).toBe(
    true,
  );
  expect(await epochs()).toEqual(before);
  expect(await redis.keys("bull:rebalance-*:wait")).toEqual([]);
  await end(coordinator);
});

describe("a wrong configuration", () => {
  test("starts nothing, names every wrong field at once and ends with code 2", async () => {
    const coordinator = await startCoordinator(world, {
      change: () => ({ redisUrl: "not a url", passIntervalMs: 5, shards: [], typo: 1 }),
    });
    expect(await coordinator.exitCode).toBe(2);
    for (const field of ["redisUrl", "passIntervalMs", "shards", "typo"])
      expect(coordinator.output()).toContain(field);
    expect(coordinator.output()).not.toContain("admin API is up");
  });

  test("also when fields contradict each other, the chain registry or the policy", async () => {
    const coordinator = await startCoordinator(world, {
      change: (config) => ({
        plannerKey: "file:/nowhere/at/all",
        shards: config.shards.map((shard) => ({
          ...shard,
          id: "twin",
          chainId: 999,
          underlyings: [...shard.underlyings, { ticker: "DOGE", token: shard.vault, decimals: 8 }],
        })),
      }),
    });
    expect(await coordinator.exitCode).toBe(2);
    const wrong = [
      "plannerKey",
      "id twin is used twice",
      "chainId: found 999",
      "DOGE has no limits in the policy",
    ];
    for (const text of wrong) expect(coordinator.output()).toContain(text);
    expect(coordinator.output()).not.toContain(world.keys.privateKey("planner"));
  });

  test.each([
    { flags: ["--sahdow"], text: "--sahdow" },
    { flags: ["--config"], text: "--config" },
  ])("a wrong flag $flags ends with code 2 and the usage", async ({ flags, text }) => {
    const coordinator = await startCoordinator(world, { flags });
    expect(await coordinator.exitCode).toBe(2);
    expect(coordinator.output()).toContain(text);
    expect(coordinator.output()).toContain(
      "usage: riskshard-coordinator --config <file> [--shadow]",
    );
  });
});

test("a report from too far ahead is refused, and the agent's next ones are accepted in time", async () => {
  const coordinator = await startCoordinator(world);
  await coordinator.until("/readyz", isReady);
  // Far enough ahead to be so still when it is read.
  await send((report) => ({ ...report, seq: Date.now() + 66_000 }));
  const refused = await coordinator.until("/v1/shards", (answer) => {
    return (shardOf(answer, source).refusedReports["sequence-ahead"] ?? 0) > 0;
  });
  const { acceptedReports } = shardOf(refused, source);
  await coordinator.until("/v1/shards", (answer) => {
    return shardOf(answer, source).acceptedReports > acceptedReports + 1;
  });
  await end(coordinator);
});
