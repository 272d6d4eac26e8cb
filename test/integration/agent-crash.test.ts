import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "#test/support/agent/agent-site.ts";
import { swapJob, swapParams } from "#test/support/agent/swap-job.ts";
import { type LoneShard, openLoneShard } from "#test/support/coordinator/lone-shard.ts";
import type { RunningProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const AMOUNT = 1_000_000_000n;
const TEST_MS = 90_000;

let shard: LoneShard;

beforeAll(async () => {
  shard = await openLoneShard(25);
});

afterAll(() => shard?.close());

const POINTS = [
  "received",
  "checked",
  "signed",
  "sent-bytes",
  "broadcast",
  "included",
  "final",
] as const;

test.each(POINTS)(
  "killed at %s, the job takes effect exactly once after the restart",
  { timeout: TEST_MS },
  async (point) => {
    const { world, site } = shard;
    const folder = temporaryFolder();
    const spentBefore = await shard.settlementBalance();
    const nonceBefore = await nonce();
    const crashing = startAgent(folder, point);
    await crashing.printed("agent runs");
    await shard.freshReport();
    const job = await swapJob(world, site, { amountInRaw: String(AMOUNT), lifetimeSeconds: 60 });
    await site.enqueue(job);
    expect(await crashing.exitCode).toBeNull();
    const restarted = startAgent(folder, "");
    // Where the job was over before the kill nothing below would wait for it, and a signal would find no handler yet.
    await restarted.printed("agent runs");
    const { jobId } = job.mandate;
    await site.reportWith((one) => one.consumedJobs.some((done) => done.jobId === jobId));
    const receipts = await waitFor(
      () => site.receiptsOf(jobId),
      (all) => all.some((one) => one.outcome === "included"),
      "receipt",
    );
    expect(new Set(receipts.map((one) => one.transactionHash)).size).toBe(1);
    await untilFinal();
    expect(spentBefore - (await shard.settlementBalance())).toBe(AMOUNT);
    expect(await nonce()).toBe(nonceBefore + 1);
    restarted.kill("SIGTERM");
    expect(await restarted.exitCode).toBe(0);
  },
);

test("killed at refused, the job is refused again after the restart and nothing is ever sent", {
  timeout: TEST_MS,
}, async () => {
  const { world, site } = shard;
  const folder = temporaryFolder();
  const nonceBefore = await nonce();
  const crashing = startAgent(folder, "refused");
  await crashing.printed("agent runs");
  await shard.freshReport();
  const amountInRaw = String(AMOUNT);
  const greedy = { ...swapParams(site, amountInRaw), minAmountOutRaw: String(10n ** 20n) };
  const job = await swapJob(world, site, { amountInRaw, params: greedy, lifetimeSeconds: 60 });
  await site.enqueue(job);
  expect(await crashing.exitCode).toBeNull();
  const restarted = startAgent(folder, "");
  await restarted.printed("agent runs");
  const { jobId } = job.mandate;
  const receipts = await waitFor(
    () => site.receiptsOf(jobId),
    (all) => all.length > 0,
    "refusal",
  );
  expect(new Set(receipts.map((one) => one.outcome))).toEqual(new Set(["refused"]));
  expect(await site.vaultRead("consumed", [jobId])).toBe(false);
  expect(await nonce()).toBe(nonceBefore);
  restarted.kill("SIGTERM");
  expect(await restarted.exitCode).toBe(0);
});

test("a journal that lost its tail stops the start and names the file", async () => {
  const { site } = shard;
  const folder = temporaryFolder();
  writeFileSync(join(folder, `${site.chain.agent.id}.sqlite`), "torn".repeat(2_000));
  const agent = startAgent(folder, "");
  expect(await agent.exitCode).toBe(1);
  expect(agent.output()).toContain(join(folder, `${site.chain.agent.id}.sqlite`));
  expect(agent.output()).toContain("[journal-corrupt]");
});

function startAgent(folder: string, crashAt: string): RunningProcess {
  const nodeArgs = crashAt === "" ? [] : ["--import", "./test/support/runner/crash-point.ts"];
  return shard.startAgent({ folder, env: { CRASH_AT: crashAt }, nodeArgs });
}

async function untilFinal(): Promise<void> {
  const { site } = shard;
  const head = await site.client.getBlockNumber();
  const isFinal = async () => (await site.client.getBlock({ blockTag: "finalized" })).number;
  await waitFor(isFinal, (number) => number >= head, "finality");
}

function nonce(): Promise<number> {
  const { site } = shard;
  return site.client.getTransactionCount({ address: site.chain.agent.sender });
}
