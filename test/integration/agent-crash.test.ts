import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { JournalState } from "#shard-agent/records/journal-entry.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { JobReceipt } from "#shared/wire/job-receipt.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { approveRouter, arbitrage } from "#test/local/market/arbitrage.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { type MortalAgent, mortalAgent } from "#test/support/agent/mortal-agent.ts";
import { swapJob, swapParams } from "#test/support/agent/swap-job.ts";
import { refreshFeeds } from "#test/support/chain/fresh-feeds.ts";
import { mining, reorganiseAway } from "#test/support/chain/reorganise.ts";
import { type LoneShard, openLoneShard } from "#test/support/coordinator/lone-shard.ts";
import { vaultCall } from "#test/support/coordinator/planner.ts";
import type { RunningProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const AMOUNT = 1_000_000_000n;
const GWEI = 10n ** 9n;
/** Anvil's newest block but eight is final. */
const BLOCKS_TO_FINALITY = 9;
const TEN_MINUTES_MS = 600_000;

let shard: LoneShard;
let site: AgentSite;
let redis: Redis;

beforeAll(async () => {
  shard = await openLoneShard(25);
  ({ site } = shard);
  redis = new Redis(shard.world.description.redisUrl);
});

afterAll(async () => {
  redis?.disconnect();
  await shard?.close();
});

// Whatever a test came to.
afterEach(async () => {
  await baseFee(GWEI);
  await mining(site, true);
  // A dear block drops what was waiting, and a feed's next refresh would wait behind the gap for ever.
  site.market.forgetNonce();
  await refreshFeeds(shard.world, site);
  // A job that reverted may still be done, by the next test's agent if the queue gave it one.
  await redis.flushall();
});

test("killed at every state on its way, and as a reorganisation takes it out of the chain, a job takes effect exactly once", async () => {
  const agent = newAgent();
  const before = await accounts();
  const job = await killedWith(agent, "received", { mines: true });
  for (const point of ["checked", "signed", "broadcast", "included"]) await agent.killedAt(point);
  const [hash] = hashesOf(agent, job);
  await reorganiseAway(site, hash as Hex);
  await agent.killedAt("included-signed");
  await agent.killedAt("final", async () => {
    await shard.untilConsumed(job.mandate.jobId);
    await finalise();
  });
  await expectOnce(agent, job, { before, receipt: "included", minedHash: hash });
  expect(statesOf(agent, job)).toEqual([
    ...["received", "checked", "signed", "broadcast", "included"],
    // Out of the chain again; who broadcast the bytes next was killed before, or after, it could note that it did.
    ...["signed", ...statesOf(agent, job).slice(6, -2), "included", "final"],
  ]);
});

test("killed as its fees are replaced and at each state of the replacement, a job takes effect exactly once", async () => {
  const agent = newAgent();
  const before = await accounts();
  const job = await killedWith(agent, "sent-bytes", { mines: false, amount: 10n * AMOUNT });
  await baseFee(20n * GWEI);
  await agent.killedAt("broadcast-signed,signed-signed", () => mining(site, true));
  await mining(site, false);
  const [first, second] = hashesOf(agent, job);
  expect(await site.client.getTransaction({ hash: second as Hex }).catch(() => null)).toBeNull();
  await agent.killedAt("sent-bytes");
  await agent.killedAt("broadcast");
  await mining(site, true);
  await expectOnce(agent, job, { before, receipt: "included", minedHash: second });
  expect(hashesOf(agent, job)).toEqual([first, second]);
  // Where its last life is a long one, it is final too.
  const states = statesOf(agent, job).filter((state) => state !== "final");
  expect(states.slice(-2)).toEqual(["broadcast", "included"]);
});

test("killed at each step of freeing its nonce after somebody else's transaction, a superseded job adds nothing to it", async () => {
  const agent = newAgent();
  const before = await accounts();
  const job = await killedWith(agent, "broadcast", { mines: false });
  await drop(agent, job);
  const { vault } = site.chain.contracts;
  const data = vaultCall(job);
  // The node has it before the next block, whatever the agent does at that.
  const minedHash = await site.user.submit({ label: "rival", to: vault, data, gas: 2_000_000n });
  await mining(site, true);
  await site.user.receipt(minedHash, "rival");
  for (const point of ["cancel:checked", "cancel:signed", "sent-bytes"])
    await agent.killedAt(point);
  await agent.killedAt("superseded", untilNonceIsFinal(before.nonce + 1));
  await expectOnce(agent, job, { before, receipt: "expired", minedHash });
  expect(statesOf(agent, job).at(-1)).toBe("superseded");
  // Sent again where the node was slow to mine what it had.
  const states = cancelStates(agent).filter((state) => state !== "broadcast");
  expect(states).toEqual(["checked", "signed", "included", "final"]);
});

test("killed at each step of the cancel near its deadline, an expired job never takes effect and frees its nonce", async () => {
  const agent = newAgent();
  const before = await accounts();
  const job = await killedWith(agent, "broadcast", { mines: false, lifetimeSeconds: 15 });
  await baseFee(100n * GWEI);
  await mining(site, true);
  for (const point of ["cancel:broadcast", "cancel:included"]) await agent.killedAt(point);
  await finalise();
  for (const point of ["cancel:final", "expired"]) await agent.killedAt(point);
  await expectNothing(agent, job, { before, receipt: "expired" });
  expect(cancelStates(agent)).toEqual(["checked", "signed", "broadcast", "included", "final"]);
});

test("killed as it sees its transaction reverted, and once that is final, a job never takes effect and is not sent again", async () => {
  const agent = newAgent();
  const before = await accounts();
  const job = await killedWith(agent, "broadcast", { mines: false });
  await drop(agent, job);
  await mining(site, true);
  await movePool(3_100);
  await agent.killedAt("included");
  await finalise();
  await agent.killedAt("reverted");
  await movePool(3_000);
  await expectNothing(agent, job, { before, receipt: "reverted" });
  expect(hashesOf(agent, job)).toHaveLength(1);
});

test("killed at refused, the job is refused again after the restart and nothing is ever sent", async () => {
  const agent = newAgent();
  const before = await accounts();
  const amountInRaw = String(AMOUNT);
  const greedy = { ...swapParams(site, amountInRaw), minAmountOutRaw: String(10n ** 20n) };
  const job = await swapJob(shard.world, site, { amountInRaw, params: greedy });
  await agent.killedAt("refused", async (running) => {
    await ready(running);
    await site.enqueue(job);
  });
  const life = await agent.lives();
  const { jobId } = job.mandate;
  const receipts = await receiptsUntil(jobId, "refused");
  await life.rests();
  expect(new Set(receipts.map((one) => one.outcome))).toEqual(new Set(["refused"]));
  expect(await accounts()).toEqual(before);
  expect(await consumptions(jobId)).toEqual([]);
});

test("a Redis that lost everything while a job was on its way, and one that was put back to that moment later, change nothing", async () => {
  const agent = newAgent();
  const before = await accounts();
  const job = await killedWith(agent, "broadcast", { mines: false });
  const old = await redisContent();
  await redis.flushall();
  await mining(site, true);
  const life = await agent.lives();
  await shard.freshReport();
  const next = await doneJob();
  await putBack(old);
  // The queue has the first again, as one that its agent died with.
  const receipts = await receiptsUntil(job.mandate.jobId, "refused");
  expect(receipts.at(-1)).toMatchObject({ reason: "already-consumed" });
  const last = await doneJob();
  await life.rests();
  for (const { mandate } of [job, next, last])
    expect(await consumptions(mandate.jobId)).toHaveLength(1);
  const { cash, nonce } = before;
  expect(await accounts()).toEqual({ cash: cash - 3n * AMOUNT, nonce: nonce + 3 });
});

test("an agent whose clock is ten minutes behind does what is in time once and nothing late; ten minutes ahead it does nothing; set right, it goes on", async () => {
  const before = await accounts();
  const folder = temporaryFolder();
  const behind = await startedAt(folder, -TEN_MINUTES_MS);
  const inTime = await doneJob();
  const late = await givenJob({ lifetimeSeconds: -30 });
  expect(await receiptsUntil(late.mandate.jobId, "refused")).toMatchObject([{ reason: "expired" }]);
  await stopped(behind);
  const ahead = await startedAt(folder, TEN_MINUTES_MS);
  const refused = await givenJob({ lifetimeSeconds: 60 });
  expect(await receiptsUntil(refused.mandate.jobId, "refused")).toMatchObject([
    { reason: "expired" },
  ]);
  await stopped(ahead);
  const right = await startedAt(folder, 0);
  await shard.freshReport();
  const again = await doneJob();
  await stopped(right);
  for (const { mandate } of [inTime, again])
    expect(await consumptions(mandate.jobId)).toHaveLength(1);
  const { cash, nonce } = before;
  expect(await accounts()).toEqual({ cash: cash - 2n * AMOUNT, nonce: nonce + 2 });
});

test("a journal that lost its tail stops the start and names the file", async () => {
  const folder = temporaryFolder();
  const file = join(folder, `${site.chain.agent.id}.sqlite`);
  writeFileSync(file, "torn".repeat(2_000));
  const agent = shard.startAgent({ folder });
  expect(await agent.exitCode).toBe(1);
  expect(agent.output()).toContain(file);
  expect(agent.output()).toContain("[journal-corrupt]");
});

/** With the shortest lock that is allowed: the queue gives a job of the dead back while the journal goes on with it. */
function newAgent(): MortalAgent {
  const queue = { ...shard.agentConfig.queue, lockMs: 2_000 };
  return mortalAgent(site.chain.agent.id, (o) => shard.startAgent({ ...o, change: { queue } }));
}

async function ready(running: RunningProcess): Promise<void> {
  await running.printed("agent runs");
  await shard.freshReport();
}

/** An agent to whose process the machine's clock is off by so much. */
async function startedAt(folder: string, clockShiftMs: number): Promise<RunningProcess> {
  const env = { CLOCK_SHIFT_MS: String(clockShiftMs) };
  const nodeArgs = ["--import", "./test/support/runner/shifted-clock.ts"];
  const agent = shard.startAgent({ folder, env, nodeArgs });
  await agent.printed("agent runs");
  return agent;
}

async function stopped(agent: RunningProcess): Promise<void> {
  agent.kill("SIGTERM");
  expect(await agent.exitCode).toBe(0);
}

async function givenJob(o: { readonly lifetimeSeconds: number }): Promise<RebalanceJob> {
  const job = await swapJob(shard.world, site, { amountInRaw: String(AMOUNT), ...o });
  await site.enqueue(job);
  return job;
}

async function doneJob(): Promise<RebalanceJob> {
  const job = await givenJob({ lifetimeSeconds: 60 });
  await shard.untilConsumed(job.mandate.jobId);
  return job;
}

type Kept = { readonly key: string; readonly value: Buffer; readonly expiresAtMs: number };

/** Every key as it is now; what expires does so at its time, also when it is put back. */
async function redisContent(): Promise<Kept[]> {
  const keys = await redis.keys("*");
  const kept = keys.map(async (key) => {
    const [value, expiresAtMs] = [await redis.dumpBuffer(key), await redis.pexpiretime(key)];
    return value === null ? [] : [{ key, value, expiresAtMs }];
  });
  return (await Promise.all(kept)).flat();
}

/** All at once, as a restart from an old file would: an agent that lives writes its keys again in no time. */
async function putBack(kept: readonly Kept[]): Promise<void> {
  const all = redis.multi().flushall();
  for (const { key, value, expiresAtMs } of kept)
    all.restore(key, Math.max(0, expiresAtMs), value, "ABSTTL");
  for (const [error] of (await all.exec()) ?? []) if (error) throw error;
}

/** A job that the agent is given and killed with at a point; `mines`: blocks go on from then. */
async function killedWith(
  agent: MortalAgent,
  point: string,
  o: { readonly mines: boolean; readonly lifetimeSeconds?: number; readonly amount?: bigint },
): Promise<RebalanceJob> {
  let job: RebalanceJob | undefined;
  await agent.killedAt(point, async (running) => {
    await ready(running);
    await mining(site, o.mines);
    const { lifetimeSeconds = 120, amount = AMOUNT } = o;
    job = await swapJob(shard.world, site, { amountInRaw: String(amount), lifetimeSeconds });
    await site.enqueue(job);
  });
  if (job === undefined) throw new Error(`killed at ${point} before it had a job`);
  return job;
}

type Accounts = { readonly cash: bigint; readonly nonce: number };

/** What one effect moves, and one transaction. */
async function accounts(): Promise<Accounts> {
  const address = site.chain.agent.sender;
  return {
    cash: await shard.settlementBalance(),
    nonce: await site.client.getTransactionCount({ address }),
  };
}

async function consumptions(jobId: Hex) {
  const events = await site.client.getContractEvents({
    address: site.chain.contracts.vault,
    abi: shardVaultAbi,
    eventName: "MandateConsumed",
    fromBlock: BigInt(site.chain.deployBlock),
  });
  return events.filter(({ args }) => args.jobId === jobId).map((one) => one.transactionHash);
}

/** Started once more, the agent adds nothing to what is. */
async function expectOnce(
  agent: MortalAgent,
  job: RebalanceJob,
  o: {
    readonly before: Accounts;
    readonly receipt: JobReceipt["outcome"];
    readonly minedHash: Hex | undefined;
  },
): Promise<void> {
  await restarted(agent, job, o.receipt);
  expect(await consumptions(job.mandate.jobId)).toEqual([o.minedHash]);
  const { cash, nonce } = o.before;
  const spent = job.params.kind === "swap" ? BigInt(job.params.amountInRaw) : 0n;
  expect(await accounts()).toEqual({ cash: cash - spent, nonce: nonce + 1 });
  expectOneContentPerNonce(agent);
}

async function expectNothing(
  agent: MortalAgent,
  job: RebalanceJob,
  { before, receipt }: { readonly before: Accounts; readonly receipt: JobReceipt["outcome"] },
): Promise<void> {
  await restarted(agent, job, receipt);
  expect(await consumptions(job.mandate.jobId)).toEqual([]);
  expect(await accounts()).toEqual({ ...before, nonce: before.nonce + 1 });
  expect(statesOf(agent, job).at(-1)).toBe(receipt);
  expectOneContentPerNonce(agent);
}

async function restarted(
  agent: MortalAgent,
  job: RebalanceJob,
  receipt: JobReceipt["outcome"],
): Promise<void> {
  const life = await agent.lives();
  await receiptsUntil(job.mandate.jobId, receipt);
  await shard.freshReport();
  await life.rests();
}

/** Nothing but a cancel may share the nonce of a call. */
function expectOneContentPerNonce(agent: MortalAgent): void {
  const calls = agent.story().signed.filter(({ entryId }) => !entryId.startsWith("cancel:"));
  const contents = new Set(calls.map(({ nonce, callHash }) => `${nonce} ${callHash}`));
  expect(contents.size).toBe(new Set(calls.map(({ nonce }) => nonce)).size);
}

function receiptsUntil(jobId: Hex, outcome: JobReceipt["outcome"]): Promise<JobReceipt[]> {
  const isTold = (all: JobReceipt[]) => all.some((one) => one.outcome === outcome);
  return waitFor(() => site.receiptsOf(jobId), isTold, `receipt ${outcome}`);
}

function statesOf(agent: MortalAgent, { mandate }: RebalanceJob): JournalState[] {
  const steps = agent.story().steps.filter(({ id }) => id === mandate.jobId);
  return steps.map(({ to }) => to);
}

function cancelStates(agent: MortalAgent): JournalState[] {
  const steps = agent.story().steps.filter(({ id }) => id.startsWith("cancel:"));
  return steps.map(({ to }) => to);
}

/** Everything signed for a job, oldest first. */
function hashesOf(agent: MortalAgent, { mandate }: RebalanceJob): Hex[] {
  const signed = agent.story().signed.filter(({ entryId }) => entryId === mandate.jobId);
  return signed.map(({ hash }) => hash);
}

async function baseFee(wei: bigint): Promise<void> {
  await rpc(site.chain.rpcUrl, "anvil_setNextBlockBaseFeePerGas", [`0x${wei.toString(16)}`]);
}

/** The node forgets the job's transaction, as nodes do when they restart. */
async function drop(agent: MortalAgent, job: RebalanceJob): Promise<void> {
  await rpc(site.chain.rpcUrl, "anvil_dropTransaction", [hashesOf(agent, job).at(-1)]);
}

async function finalise(): Promise<void> {
  await rpc(site.chain.rpcUrl, "anvil_mine", [`0x${BLOCKS_TO_FINALITY.toString(16)}`, "0x0"]);
}

function untilNonceIsFinal(nonce: number): () => Promise<void> {
  return async () => {
    const read = async () => (await accounts()).nonce;
    await waitFor(read, (found) => found === nonce, "nonce");
    await finalise();
  };
}

/** Somebody trades until the pool of ETH stands at a price. */
async function movePool(priceUsd: number): Promise<void> {
  const { client, user, chain } = site;
  const eth = chain.underlyings.find((one) => one.ticker === "ETH");
  if (eth === undefined) throw new Error("ETH expected");
  const { swapRouter } = chain.contracts;
  const pool = { ...eth.pool, swapRouter, base: eth, quote: chain.settlement };
  await approveRouter(user, pool);
  expect(await arbitrage(client, user, pool, priceUsd)).toBe(true);
  // Whatever the lane sends next is in no earlier block.
  await user.send({ label: "after the trade", to: user.address, data: "0x", gas: 30_000n });
}
