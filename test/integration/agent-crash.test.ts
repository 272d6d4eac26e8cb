import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { startWorld, type World } from "#test/local/world.ts";
import { type AgentSite, openSite, waitFor } from "#test/support/agent-site.ts";
import { keepFeedsFresh } from "#test/support/fresh-feeds.ts";
import { type RunningProcess, runProcess } from "#test/support/run-process.ts";
import { leadVault, swapJob } from "#test/support/swap-job.ts";
import { temporaryFolder } from "#test/support/temporary-folder.ts";

const AMOUNT = 1_000_000_000n;
const TEST_MS = 90_000;

let world: World;
let site: AgentSite;
let stopFeeds: () => void;

beforeAll(async () => {
  const processes = {
    coordinator: false,
    market: false,
    takers: false,
    agents: false,
    lzWorker: false,
  };
  world = await startWorld({ chains: 2, seed: 25, processes });
  const [chain] = world.description.chains;
  if (chain === undefined) throw new Error("a chain expected");
  site = openSite(world, chain);
  stopFeeds = keepFeedsFresh(world, [site]);
  await leadVault(world, site);
});

afterAll(async () => {
  stopFeeds?.();
  await site?.close();
  await world?.stop();
});

const POINTS = ["received", "checked", "signed", "sent", "broadcast", "included", "final"] as const;

test.each(POINTS)(
  "killed at %s, the job takes effect exactly once after the restart",
  { timeout: TEST_MS },
  async (point) => {
    const folder = temporaryFolder();
    const spentBefore = await settlementBalance();
    const nonceBefore = await nonce();
    const crashing = startAgent(folder, point);
    await crashing.printed("agent runs");
    await freshReport();
    const job = await swapJob(world, site, { amountInRaw: String(AMOUNT), lifetimeSeconds: 60 });
    await site.enqueue(job);
    expect(await crashing.exitCode).toBeNull();
    const restarted = startAgent(folder, "");
    const { jobId } = job.mandate;
    await site.reportWith((one) => one.consumedJobs.some((done) => done.jobId === jobId));
    const receipts = await waitFor(
      () => site.receiptsOf(jobId),
      (all) => all.some((one) => one.outcome === "included"),
      "receipt",
    );
    expect(new Set(receipts.map((one) => one.transactionHash)).size).toBe(1);
    await untilFinal();
    expect(spentBefore - (await settlementBalance())).toBe(AMOUNT);
    expect(await nonce()).toBe(nonceBefore + 1);
    restarted.kill("SIGTERM");
    expect(await restarted.exitCode).toBe(0);
  },
);

test("a journal that lost its tail stops the start and names the file", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, `${site.chain.agent.id}.sqlite`), "torn".repeat(2_000));
  const agent = startAgent(folder, "");
  expect(await agent.exitCode).toBe(1);
  expect(agent.output()).toContain(join(folder, `${site.chain.agent.id}.sqlite`));
  expect(agent.output()).toContain("[journal-corrupt]");
});

function startAgent(folder: string, crashAt: string): RunningProcess {
  const { chain } = site;
  const original = join(world.description.dataDir, `agent-${chain.shard}.yaml`);
  const config = { ...parse(readFileSync(original, "utf8")), dataDir: folder };
  const file = join(folder, "agent.yaml");
  writeFileSync(file, stringify(config));
  const nodeArgs = crashAt === "" ? [] : ["--import", "./test/support/crash-point.ts"];
  const env = { CRASH_AT: crashAt };
  return runProcess("shard-agent/main.ts", ["--config", file], { env, nodeArgs });
}

/** A report of a block that is yet to come, made by the agent that runs now. */
async function freshReport(): Promise<void> {
  const head = Number(await site.client.getBlockNumber());
  await site.reportWith((one) => one.block.number > head && one.health.acceptsJobs);
}

async function untilFinal(): Promise<void> {
  const head = await site.client.getBlockNumber();
  const isFinal = async () => (await site.client.getBlock({ blockTag: "finalized" })).number;
  await waitFor(isFinal, (number) => number >= head, "finality");
}

function settlementBalance(): Promise<bigint> {
  return site.tokenBalance(site.chain.settlement.token, site.chain.contracts.vault);
}

function nonce(): Promise<number> {
  return site.client.getTransactionCount({ address: site.chain.agent.sender });
}
