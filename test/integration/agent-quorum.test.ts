import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { World } from "#test/local/world.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { swapJob } from "#test/support/agent/swap-job.ts";
import { type Lie, type RpcProxy, rpcProxy } from "#test/support/chain/rpc-proxy.ts";
import { type LoneShard, openLoneShard } from "#test/support/coordinator/lone-shard.ts";
import type { RunningProcess } from "#test/support/runner/run-process.ts";

/** Nothing listens there. */
const DEAD_URL = "http://127.0.0.1:9/secret-path";

let shard: LoneShard;
let world: World;
let site: AgentSite;

beforeAll(async () => {
  shard = await openLoneShard(24);
  ({ world, site } = shard);
});

afterAll(() => shard?.close());

type Health = {
  acceptsJobs: boolean;
  reasons: string[];
  rpc: { disagreement: null | { endpoints: string[]; what: string }; laggingEndpoints: string[] };
};

test("with three honest endpoints the agent works as with one", async () => {
  const { agent } = await startAgent();
  await agent.printed("agent runs");
  await shard.freshReport();
  const report = await site.newestReport();
  expect(report.health).toEqual({ acceptsJobs: true, reasons: [] });
  const job = await swapJob(world, site, { amountInRaw: "1000000000" });
  expect((await site.run(job)).outcome).toBe("broadcast");
  await site.reportWith((one) => one.consumedJobs.some((c) => c.jobId === job.mandate.jobId));
});

/** The vault's word for `false`, turned to `true`, in every answer at a block hash. */
const LYING: readonly { readonly name: string; readonly lie: Lie; readonly what: string }[] = [
  {
    name: "the vault's state",
    lie: (method, _params, result) => (method === "eth_call" ? flipped(result) : result),
    what: "eth_call",
  },
  {
    name: "the sender's balance",
    lie: (method, _params, result) => (method === "eth_getBalance" ? "0x1" : result),
    what: "eth_getBalance",
  },
  {
    name: "events, by hiding them",
    lie: (method, _params, result) => (method === "eth_getLogs" ? [] : result),
    what: "eth_getLogs",
  },
];

test.each(LYING)(
  "an endpoint that lies about $name stops jobs and quotes and is named, without its key",
  async ({ lie, what }) => {
    const { agent, proxies } = await startAgent();
    await agent.printed("agent runs");
    await waitFor(health, (one) => one.acceptsJobs, "health");
    const first = await swapJob(world, site, { amountInRaw: "1000000000" });
    await site.run(first);
    await site.reportWith((one) => one.consumedJobs.some((c) => c.jobId === first.mandate.jobId));
    proxies[1]?.lie(lie);
    // The balance is read for a transaction, and events can only be hidden from a block that has some.
    if (what !== "eth_call")
      await site.run(await swapJob(world, site, { amountInRaw: "1000000000" }));
    const isOnly = ({ reasons }: Health) => String(reasons) === "rpc-disagreement";
    const told = await waitFor(health, isOnly, "disagreement");
    expect(told.rpc.disagreement?.what).toBe(what);
    expect(told.rpc.disagreement?.endpoints).toEqual([
      `rpcUrls[1] (${new URL(proxies[1]?.url ?? "").host})`,
    ]);
    const answer = await site.run(await swapJob(world, site, { amountInRaw: "1000000000" }));
    expect(answer).toMatchObject({ outcome: "refused", reason: "rpc-disagreement" });
    expect((await quote()).status).toBe(503);
    expect(await (await quote()).json()).toMatchObject({ code: "rpc-disagreement" });
    await site.reportWith((one) => one.health.reasons.includes("rpc-disagreement"));
    expect(agent.output()).toContain("RPC endpoints contradict each other");
    expect(agent.output()).not.toContain("secret-path");
  },
);

test("an endpoint that stands still is named as behind and outvoted", async () => {
  const { agent, proxies } = await startAgent();
  await agent.printed("agent runs");
  await waitFor(health, (one) => one.acceptsJobs, "health");
  let frozen: unknown;
  proxies[2]?.lie((method, params, result) => {
    if (method !== "eth_getBlockByNumber" || params[0] !== "latest") return result;
    frozen ??= result;
    return frozen;
  });
  const isOutvoted = (one: Health) => one.acceptsJobs && one.rpc.laggingEndpoints.length > 0;
  const told = await waitFor(health, isOutvoted, "lag");
  expect(told.rpc.laggingEndpoints[0]).toContain("rpcUrls[2]");
  await shard.freshReport();
});

test("an endpoint of another chain is refused at the start by name", async () => {
  const { agent } = await startAgent((method, _params, result) =>
    method === "eth_chainId" ? "0xdead" : result,
  );
  expect(await agent.exitCode).toBe(2);
  expect(agent.output()).toMatch(/chainId: must be 57005 \(rpcUrls\[1\]/);
});

describe("private endpoints", () => {
  /** Notes which methods a proxy was asked for. */
  const heard = (proxy: RpcProxy): string[] => {
    const methods: string[] = [];
    proxy.lie((method, _params, result) => {
      methods.push(method);
      return result;
    });
    return methods;
  };

  test("transactions go to them and to no other, reads do not, and a dead one among them does no harm", async () => {
    const [open, hidden] = await Promise.all([1, 2].map(() => rpcProxy(site.chain.rpcUrl)));
    if (open === undefined || hidden === undefined) throw new Error("two proxies expected");
    const [openly, secretly] = [heard(open), heard(hidden)];
    const rpc = { privateUrls: [DEAD_URL, hidden.url] };
    const agent = shard.startAgent({ change: { rpcUrls: [open.url], rpc } });
    await agent.printed("agent runs");
    await shard.freshReport();
    const job = await swapJob(world, site, { amountInRaw: "1000000000" });
    expect((await site.run(job)).outcome).toBe("broadcast");
    await shard.untilConsumed(job.mandate.jobId);
    expect(new Set(secretly)).toEqual(new Set(["eth_sendRawTransaction"]));
    expect(openly).not.toContain("eth_sendRawTransaction");
    expect(openly).toContain("eth_estimateGas");
  });

  test("when none of them takes a transaction, the public ones get it only where that is allowed", async () => {
    const open = await rpcProxy(site.chain.rpcUrl);
    const openly = heard(open);
    const start = (publicFallback: boolean) => {
      const rpc = { privateUrls: [DEAD_URL], publicFallback };
      return shard.startAgent({ change: { rpcUrls: [open.url], rpc } });
    };
    const closed = start(false);
    await closed.printed("agent runs");
    await shard.freshReport();
    const kept = await swapJob(world, site, { amountInRaw: "1000000000", lifetimeSeconds: 15 });
    await site.run(kept);
    await closed.printed("transaction not confirmed by the node");
    await closed.printed("it can have no effect any more; freeing the nonce");
    expect(await site.vaultRead("consumed", [kept.mandate.jobId])).toBe(false);
    expect(openly).not.toContain("eth_sendRawTransaction");
    closed.kill("SIGTERM");
    await closed.exitCode;
    const fallback = start(true);
    await fallback.printed("agent runs");
    await shard.freshReport();
    const job = await swapJob(world, site, { amountInRaw: "1000000000" });
    await site.run(job);
    await shard.untilConsumed(job.mandate.jobId);
    expect(openly).toContain("eth_sendRawTransaction");
  });
});

function flipped(result: unknown): unknown {
  return typeof result === "string" && result.length > 2
    ? `${result.slice(0, -1)}${result.endsWith("0") ? "1" : "0"}`
    : result;
}

async function startAgent(
  lieFromStart: Lie | null = null,
): Promise<{ agent: RunningProcess; proxies: RpcProxy[] }> {
  const proxies = await Promise.all([1, 2, 3].map(() => rpcProxy(site.chain.rpcUrl)));
  proxies[1]?.lie(lieFromStart);
  const rpcUrls = proxies.map((proxy) => proxy.url);
  return { agent: shard.startAgent({ change: { rpcUrls } }), proxies };
}

async function health(): Promise<Health> {
  return (await (await fetch(`${site.chain.quotesUrl}/v1/health`)).json()) as Health;
}

function quote(): Promise<Response> {
  const body = {
    taker: site.chain.agent.sender,
    underlying: "ETH",
    type: "call",
    side: "buy",
    strikeUsd: 3000,
    quantity: 1,
    expiryMs: world.description.market?.expiriesMs.at(-1),
  };
  return fetch(`${site.chain.quotesUrl}/v1/quotes`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
