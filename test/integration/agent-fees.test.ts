import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rpc } from "#test/local/chains/anvil.ts";
import type { World } from "#test/local/world.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { swapJob } from "#test/support/agent/swap-job.ts";
import {
  type AttendedWorld,
  onlySite,
  openAttendedWorld,
} from "#test/support/chain/attended-world.ts";

const GWEI = 10n ** 9n;

let attended: AttendedWorld;
let world: World;
let site: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({ seed: 23, chains: 2, open: [0], without: ["lzWorker"] });
  world = attended.world;
  site = onlySite(attended);
  await site.reportWith((report) => report.chain.epoch === 1 && report.health.acceptsJobs);
});

afterAll(() => attended?.close());

test("a base fee that rises tenfold drops the transaction; a replacement takes effect once, before the deadline", async () => {
  const job = await swapJob(world, site, { amountInRaw: "10000000000" });
  await mining(false);
  const { transactionHash } = await site.run(job);
  const nonceBefore = await nonce();
  await spike(20n * GWEI);
  await mining(true);
  const report = await site.reportWith((one) => consumed(one, job.mandate.jobId) !== undefined);
  const { transactionHash: minedHash } = consumed(report, job.mandate.jobId) ?? {};
  expect(minedHash).not.toBe(transactionHash);
  expect(await nonce()).toBe(nonceBefore + 1);
  expect(agentLog()).toContain("transaction is stuck; replaced at higher fees");
  const receipts = await waitFor(
    () => site.receiptsOf(job.mandate.jobId),
    (all) => all.at(-1)?.outcome === "included",
    "receipt",
  );
  expect(receipts.at(-1)?.transactionHash).toBe(minedHash);
});

test("a fee beyond the job's cap is never paid: the job ends unexecuted and its nonce is freed", async () => {
  await spike(7n);
  await baseFee((feeWei) => feeWei < GWEI / 2n);
  // Long enough for a busy agent to send it.
  const job = await swapJob(world, site, { amountInRaw: "1000000000", lifetimeSeconds: 10 });
  await mining(false);
  expect((await site.run(job)).outcome).toBe("broadcast");
  const nonceBefore = await nonce();
  await spike(100n * GWEI);
  await mining(true);
  const receipts = await waitFor(
    () => site.receiptsOf(job.mandate.jobId),
    (all) => all.at(-1)?.outcome === "expired",
    "expiry",
  );
  expect(receipts.map((one) => one.outcome)).toEqual(["broadcast", "expired"]);
  expect(agentLog()).toContain("its fee cap allows no higher fee");
  expect(await site.vaultRead("consumed", [job.mandate.jobId])).toBe(false);
  expect(await nonce()).toBe(nonceBefore + 1);
  // Not before the last block that could have taken the job.
  const cancelled = agentLogLines().findLast((line) => line.includes('"kind":"cancel"'));
  const { blockTimestampMs } = JSON.parse(cancelled ?? "{}") as { blockTimestampMs: number };
  expect(blockTimestampMs).toBeGreaterThan(job.mandate.deadlineSeconds * 1000);
});

test("a job whose gas is too dear from the start is refused and names its cap", async () => {
  await spike(100n * GWEI);
  await baseFee((feeWei) => feeWei > 50n * GWEI);
  const job = await swapJob(world, site, { amountInRaw: "1000000000" });
  const answer = await site.run(job);
  expect(answer).toMatchObject({ outcome: "refused", reason: "fee-too-high" });
  expect(answer.detail).toMatch(/gas: \d+ gas at a base fee of \d+ wei.*cap is \d+ wei/);
});

function consumed(report: Awaited<ReturnType<AgentSite["newestReport"]>>, jobId: string) {
  return report.consumedJobs.find((one) => one.jobId === jobId);
}

function mining(isOn: boolean): Promise<unknown> {
  return rpc(site.chain.rpcUrl, "evm_setIntervalMining", [isOn ? 1 : 0]);
}

async function spike(baseFeeWei: bigint): Promise<void> {
  await rpc(site.chain.rpcUrl, "anvil_setNextBlockBaseFeePerGas", [`0x${baseFeeWei.toString(16)}`]);
}

/** Of the newest block, which every next one without transactions lowers by an eighth. */
async function baseFee(accept: (feeWei: bigint) => boolean): Promise<void> {
  const read = async () => (await site.client.getBlock()).baseFeePerGas ?? 0n;
  await waitFor(read, accept, "base fee");
}

function nonce(): Promise<number> {
  return site.client.getTransactionCount({ address: site.chain.agent.sender });
}

function agentLog(): string {
  return readFileSync(world.processes.get(`agent-${site.chain.shard}`).logFile, "utf8");
}

function agentLogLines(): string[] {
  return agentLog().split("\n");
}
