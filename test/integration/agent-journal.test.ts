import { afterAll, beforeAll, expect, test } from "vitest";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { type MortalAgent, mortalAgent } from "#test/support/agent/mortal-agent.ts";
import { swapJob } from "#test/support/agent/swap-job.ts";
import { refreshFeeds } from "#test/support/chain/fresh-feeds.ts";
import { mining } from "#test/support/chain/reorganise.ts";
import { type LoneShard, openLoneShard } from "#test/support/coordinator/lone-shard.ts";

const AMOUNT_RAW = "1000000000";
/** Anvil's newest block but eight is final. */
const BLOCKS_TO_FINALITY = 9;
/** Longer than the one day for which these journals keep what is over. */
const LATER_SECONDS = 25 * 3_600;

let shard: LoneShard;
let site: AgentSite;
/** How far chain and agents are ahead of this machine. */
let aheadSeconds = 0;
/** What the next life's configuration has beyond the first's. */
let change: object = {};

beforeAll(async () => {
  shard = await openLoneShard(29);
  ({ site } = shard);
});

afterAll(() => shard?.close());

test("killed after it spent what a day allows, an agent knows so when it starts again: it offers no more and refuses at once", async () => {
  const agent = newAgent();
  const paid = await killedWith(agent, "broadcast", { lifetimeSeconds: 120 });
  await mining(site, true);
  await agent.killedAt("included");
  const { hash } = agent.story().signed.at(-1) ?? {};
  const { gasUsed, effectiveGasPrice } = await site.client.getTransactionReceipt({
    hash: hash as Hex,
  });
  const [pool] = (await site.newestReport()).capacity;
  expect(Number(gasUsed)).toBeLessThan(pool?.gasUnits ?? 0);
  const paidWei = gasUsed * effectiveGasPrice;
  change = { signing: { maxWeiPerDay: String(paidWei + 1n) } };
  const spent = await agent.lives();
  await site.reportWith((one) => one.gasTerms?.maxFeeWei === "1");
  const nonce = await senderNonce();
  const refused = await swapJob(shard.world, site, { amountInRaw: AMOUNT_RAW });
  expect(await site.run(refused)).toMatchObject({ outcome: "refused", reason: "signing-ceiling" });
  expect(await senderNonce()).toBe(nonce);
  await spent.rests();
  change = {};
  const free = await agent.lives();
  await site.reportWith((one) => one.gasTerms?.maxFeeWei !== "1" && one.health.acceptsJobs);
  const next = await givenJob(60);
  await shard.untilConsumed(next.mandate.jobId);
  await free.rests();
  expect(await consumptions(paid)).toBe(1);
  expect(await consumptions(refused)).toBe(0);
});

test("killed while it prunes its journal, and once it has, an agent loses nothing it needs and does no job again", async () => {
  const agent = newAgent();
  const nonce = await senderNonce();
  const done = await killedWith(agent, "broadcast", { lifetimeSeconds: 120 });
  await mining(site, true);
  await agent.killedAt("final", async () => {
    await shard.untilConsumed(done.mandate.jobId);
    await mine();
  });
  await toldOf(agent, done);
  // Signed, on its way and, as its deadline is far off, still to be done when all else is old.
  const open = await killedWith(agent, "broadcast", { lifetimeSeconds: 2 * LATER_SECONDS });
  await dropSigned(agent, open);
  await aDayLater();
  const before = agent.story();
  await agent.killedAt("pruning");
  const midway = agent.story();
  expect(midway.steps.slice(0, before.steps.length)).toEqual(before.steps);
  expect(midway.signed).toEqual(before.signed);
  await agent.killedAt("pruned");
  expect(entriesOf(agent)).not.toContain(done.mandate.jobId);
  expect(entriesOf(agent)).toContain(open.mandate.jobId);
  expect(agent.story().signed.map((one) => one.entryId)).toEqual([open.mandate.jobId]);
  const life = await agent.lives();
  await shard.untilConsumed(open.mandate.jobId);
  await shard.freshReport();
  expect(await site.run(done, `again-${done.mandate.jobId}`)).toMatchObject({
    outcome: "refused",
    reason: "expired",
    detail: expect.stringMatching(/the journal keeps nothing up to/),
  });
  const next = await givenJob(120);
  await shard.untilConsumed(next.mandate.jobId);
  await life.rests();
  for (const job of [done, open, next]) expect(await consumptions(job)).toBe(1);
  expect(await senderNonce()).toBe(nonce + 3);
});

/** One that keeps what is over for a day, to whose process the machine's clock is where the chain is. */
function newAgent(): MortalAgent {
  const lasting = {
    queue: { ...shard.agentConfig.queue, lockMs: 2_000 },
    journal: { keepDays: 1 },
  };
  return mortalAgent(site.chain.agent.id, ({ folder, env, nodeArgs }) =>
    shard.startAgent({
      folder,
      change: { ...lasting, ...change },
      env: { ...env, CLOCK_SHIFT_MS: String(aheadSeconds * 1_000) },
      nodeArgs: [...nodeArgs, "--import", "./test/support/runner/shifted-clock.ts"],
    }),
  );
}

/** What a receipt waits of is not dropped, and the queue gives a job of the dead once more. */
async function toldOf(agent: MortalAgent, job: RebalanceJob): Promise<void> {
  const life = await agent.lives();
  expect(await site.run(job)).toMatchObject({ outcome: "refused", reason: "already-consumed" });
  await waitFor(
    () => site.receiptsOf(job.mandate.jobId),
    (all) => all.at(-1)?.reason === "already-consumed",
    "the last receipt",
  );
  await life.rests();
}

/** Given a job, and killed; from then on no block comes by itself. */
async function killedWith(
  agent: MortalAgent,
  point: string,
  { lifetimeSeconds }: { readonly lifetimeSeconds: number },
): Promise<RebalanceJob> {
  let job: RebalanceJob | undefined;
  await agent.killedAt(point, async (running) => {
    await running.printed("agent runs");
    await shard.freshReport();
    await mining(site, false);
    job = await givenJob(lifetimeSeconds);
  });
  if (job === undefined) throw new Error(`killed at ${point} before it had a job`);
  return job;
}

async function givenJob(lifetimeSeconds: number): Promise<RebalanceJob> {
  const job = await swapJob(shard.world, site, {
    amountInRaw: AMOUNT_RAW,
    lifetimeSeconds: aheadSeconds + lifetimeSeconds,
  });
  await site.enqueue(job);
  return job;
}

async function aDayLater(): Promise<void> {
  aheadSeconds = LATER_SECONDS;
  await rpc(site.chain.rpcUrl, "evm_increaseTime", [LATER_SECONDS]);
  await mine();
  await mining(site, true);
  await refreshFeeds(shard.world, site);
}

/** The node forgets what it was sent, as nodes do when they restart. */
async function dropSigned(agent: MortalAgent, { mandate }: RebalanceJob): Promise<void> {
  const hash = agent.story().signed.find(({ entryId }) => entryId === mandate.jobId)?.hash;
  await rpc(site.chain.rpcUrl, "anvil_dropTransaction", [hash]);
  const pending = () => site.client.getTransaction({ hash: hash as Hex }).catch(() => null);
  await waitFor(pending, (found) => found === null, "the transaction is forgotten");
}

function entriesOf(agent: MortalAgent): string[] {
  return [...new Set(agent.story().steps.map(({ id }) => id))];
}

function senderNonce(): Promise<number> {
  return site.client.getTransactionCount({ address: site.chain.agent.sender });
}

async function consumptions({ mandate }: RebalanceJob): Promise<number> {
  const events = await site.client.getContractEvents({
    address: site.chain.contracts.vault,
    abi: shardVaultAbi,
    eventName: "MandateConsumed",
    fromBlock: BigInt(site.chain.deployBlock),
  });
  return events.filter(({ args }) => args.jobId === mandate.jobId).length;
}

async function mine(): Promise<void> {
  await rpc(site.chain.rpcUrl, "anvil_mine", [`0x${BLOCKS_TO_FINALITY.toString(16)}`, "0x0"]);
}
