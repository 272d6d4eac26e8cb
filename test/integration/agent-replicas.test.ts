import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rpc } from "#test/local/chains/anvil.ts";
import type { World } from "#test/local/world.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { swapJob } from "#test/support/agent/swap-job.ts";
import { mining } from "#test/support/chain/reorganise.ts";
import { rpcProxy } from "#test/support/chain/rpc-proxy.ts";
import { type LoneShard, openLoneShard } from "#test/support/coordinator/lone-shard.ts";
import { vaultCall } from "#test/support/coordinator/planner.ts";
import type { RunningProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const AMOUNT = 1_000_000_000n;
const LOCK_MS = 4_000;
const SECOND_KEY = generatePrivateKey();
const SECOND = privateKeyToAddress(SECOND_KEY);

let shard: LoneShard;
let world: World;
let site: AgentSite;

beforeAll(async () => {
  shard = await openLoneShard(26);
  ({ world, site } = shard);
  await rpc(site.chain.rpcUrl, "anvil_setBalance", [SECOND, "0x56bc75e2d63100000"]);
});

afterAll(() => shard?.close());

test("two agents of one shard with keys of their own share the queue; each job takes effect once", async () => {
  await startAgent("first");
  await startAgent("second");
  const before = await shard.settlementBalance();
  const jobs = [];
  for (let i = 0; i < 4; i += 1)
    jobs.push(await swapJob(world, site, { amountInRaw: String(AMOUNT) }));
  await Promise.all(jobs.map((job) => site.enqueue(job)));
  for (const job of jobs) await shard.untilConsumed(job.mandate.jobId);
  expect(before - (await shard.settlementBalance())).toBe(4n * AMOUNT);
});

test("an agent stopped beyond its lock signs nothing when it goes on: the other has done the job", async () => {
  const proxy = await rpcProxy(site.chain.rpcUrl);
  const first = await startAgent("first", { rpcUrls: [proxy.url] });
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  proxy.lie(async (method, _params, result) => {
    if (method === "eth_estimateGas") {
      asked.resolve();
      await held.promise;
    }
    return result;
  });
  const noncesBefore = await nonces();
  const before = await shard.settlementBalance();
  const job = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  await site.enqueue(job);
  await asked.promise;
  first.kill("SIGSTOP");
  await startAgent("second");
  await shard.untilConsumed(job.mandate.jobId);
  held.resolve();
  first.kill("SIGCONT");
  await first.printed("job left alone: its lease ran out");
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(before - (await shard.settlementBalance())).toBe(AMOUNT);
  const [own, others] = await nonces();
  expect([own, others]).toEqual([noncesBefore[0], (noncesBefore[1] ?? 0) + 1]);
});

test("an agent that loses the race on chain frees its nonce at a small cost, which its receipt counts", async () => {
  const agent = await startAgent("first");
  const job = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  await mining(site, false);
  const { transactionHash } = await site.run(job);
  await rpc(site.chain.rpcUrl, "anvil_dropTransaction", [transactionHash]);
  const { vault } = site.chain.contracts;
  const data = vaultCall(job);
  // The node has it before the next block: the agent sends its own bytes again at that.
  const rival = await site.user.submit({ label: "rival", to: vault, data, gas: 2_000_000n });
  await mining(site, true);
  await site.user.receipt(rival, "rival");
  await agent.printed("it can have no effect any more; freeing the nonce");
  const receipts = await waitFor(
    () => site.receiptsOf(job.mandate.jobId),
    (all) => all.at(-1)?.outcome === "expired",
    "receipt",
  );
  const costWei = BigInt(receipts.at(-1)?.gasCostWei ?? 0);
  expect(costWei).toBeGreaterThan(0n);
  expect(costWei).toBeLessThan(10n ** 15n);
  const next = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  expect((await site.run(next)).outcome).toBe("broadcast");
  await shard.untilConsumed(next.mandate.jobId);
});

test("two agents that were given one key by mistake do no job twice, say what is wrong, and go on", async () => {
  const both = [
    await startAgent("first"),
    await startAgent("second", { senderKey: shard.agentConfig.senderKey }),
  ];
  const before = await shard.settlementBalance();
  await mining(site, false);
  const jobs = await Promise.all(
    Array.from({ length: 6 }, () => swapJob(world, site, { amountInRaw: String(AMOUNT) })),
  );
  await Promise.all(jobs.map((job) => site.enqueue(job)));
  const outcomesOf = async ({ mandate }: (typeof jobs)[number]) => {
    const [own, others] = await Promise.all(
      [undefined, `${site.chain.shard}-2`].map((id) => site.receiptsOf(mandate.jobId, id)),
    );
    return [...(own ?? []), ...(others ?? [])].map((one) => one.outcome);
  };
  for (const job of jobs)
    await waitFor(
      () => outcomesOf(job),
      (found) => found.includes("broadcast"),
      "broadcast",
    );
  await mining(site, true);
  await Promise.any(both.map((agent) => agent.printed("another process sends with this key")));
  const isOver = (found: string[]) => found.includes("included") || found.includes("expired");
  for (const job of jobs) await waitFor(() => outcomesOf(job), isOver, "end of a job");
  const isDone = await Promise.all(
    jobs.map(({ mandate }) => site.vaultRead("consumed", [mandate.jobId])),
  );
  const done = BigInt(isDone.filter((one) => one === true).length);
  expect(done).toBeGreaterThan(0n);
  expect(done).toBeLessThan(6n);
  expect(before - (await shard.settlementBalance())).toBe(done * AMOUNT);
  const next = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  await site.enqueue(next);
  await shard.untilConsumed(next.mandate.jobId);
});

/** One of two agents of the first shard: own key, own journal, own name; ends with the test. */
async function startAgent(which: "first" | "second", change: object = {}): Promise<RunningProcess> {
  const { chain } = site;
  const folder = temporaryFolder();
  const keyFile = join(folder, "sender");
  writeFileSync(keyFile, SECOND_KEY, { mode: 0o600 });
  const own = { agent: `${chain.shard}-2`, senderKey: `file:${keyFile}` };
  const agent = shard.startAgent({
    folder,
    change: {
      ...(which === "second" ? own : {}),
      queue: { lockMs: LOCK_MS },
      quotes: { ...shard.agentConfig.quotes, port: 0 },
      ...change,
    },
  });
  await agent.printed("agent runs");
  if (which === "first") await shard.freshReport();
  return agent;
}

function nonces(): Promise<number[]> {
  const senders = [site.chain.agent.sender, SECOND];
  return Promise.all(senders.map((address) => site.client.getTransactionCount({ address })));
}
