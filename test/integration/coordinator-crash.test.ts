import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { rebalanceQueueName } from "#shared/wire/rebalance-job.ts";
import { accountFaults } from "#test/local/check/accounts/vault-accounts.ts";
import { jobConsumption } from "#test/local/check/job-consumption.ts";
import { readHistory } from "#test/local/check/read-history.ts";
import { observeChain } from "#test/local/observe/chain-client.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";
import { swapJob } from "#test/support/agent/swap-job.ts";
import { sellOptions, sendAway } from "#test/support/agent/vault-trades.ts";
import { type AttendedWorld, openAttendedWorld } from "#test/support/chain/attended-world.ts";
import { setExpiries } from "#test/support/chain/fresh-feeds.ts";
import { policyFileWith, startCoordinator } from "#test/support/coordinator/coordinator-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

/** Each is sold once more than the hedge of the ones before leaves room for. */
const SOLD = [{ type: "call", expiryIndex: 2, quantity: 30 }] as const;
const USDX = 10n ** 6n;
/** Cash that is left in a vault, and what its sixty calls at 2,700 USD are due at 3,000 USD. */
const LEFT_RAW = 3_000n * USDX;
const DUE_RAW = 60n * 300n * USDX;
const DUE_REASON = "cash for expired series";

let attended: AttendedWorld;
let site: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({ seed: 53, chains: 2, open: [0, 1], led: [] });
  const [first] = attended.sites;
  if (first === undefined) throw new Error("a site expected");
  site = first;
});

afterAll(() => attended?.close());

type Job = { readonly jobId: string; readonly state: string; readonly kind: string };

test("a coordinator killed at each point between a job's record and its settlement loses none and doubles none", async () => {
  const dataDir = temporaryFolder();
  const { world } = attended;
  // Cash stays where it is: every job is a hedge.
  const policyFile = policyFileWith(world, (policy) => ({
    ...policy,
    lending: { ...policy.lending, supplyMaxFraction: 0 },
  }));
  const start = (crashAt: string) => {
    return startCoordinator(world, { dataDir, crashAt, change: () => ({ policyFile }) });
  };
  const killedAt = async (crashAt: string): Promise<void> => {
    const { exitCode } = await start(crashAt);
    let code: number | null | undefined;
    void exitCode.then((given) => {
      code = given;
    });
    const message = `never came to ${crashAt}`;
    await expect.poll(() => code, { message }).toBeNull();
  };
  await sellOptions(world, site, SOLD);
  // None reached the queue: the next epoch ends them, and the next pass plans anew.
  await killedAt("recorded");
  await killedAt("queueing");
  expect(await consumed()).toEqual([]);
  await killedAt("queued");
  // It may take effect or expire first on a busy machine: the next coordinator has to find out which.
  await expect.poll(answeredJobs).toBeGreaterThan(0);
  await sellOptions(world, site, SOLD);
  // As much is true of this one's.
  await killedAt("sent");
  // As the journal notes the effect, at a take-over or from a report.
  await killedAt("included,settled");
  const last = await start("none");
  await last.until("/v1/risk", ({ body }) => {
    const net = (body["net"] ?? {}) as Record<string, { status: string }>;
    return body["jobsInFlight"] === 0 && net["ETH"]?.status === "inside";
  });
  // After the net is inside its band: until then a pass may issue more.
  const isResolved = ({ state }: Job) => ["settled", "superseded", "expired"].includes(state);
  const answer = await last.until("/v1/jobs?limit=100", ({ status, body }) => {
    const jobs = (body["jobs"] ?? []) as Job[];
    return status === 200 && jobs.length > 0 && jobs.every(isResolved);
  });
  const jobs = answer.body["jobs"] as Job[];
  const states = Object.groupBy(jobs, ({ state }) => state);
  expect(jobs.map(({ kind }) => kind)).toEqual(jobs.map(() => "swap"));
  expect(jobs.length).toBeGreaterThan(states["settled"]?.length ?? 0);
  const settled = states["settled"]?.map(({ jobId }) => jobId).sort();
  expect(await consumed()).toEqual(settled);
  const histories = await readHistories();
  expect(jobConsumption(histories).repeated).toEqual([]);
  expect(histories.flatMap(accountFaults)).toEqual([]);
  last.kill("SIGTERM");
  expect(await last.exitCode).toBe(0);
});

test("cash that an expired series is due is raised by selling a hedge for exactly what lacks, and the series is settled", async () => {
  const { world } = attended;
  const [richer, poorer] = attended.sites;
  if (richer === undefined || poorer === undefined) throw new Error("two sites expected");
  const epoch = Number(await poorer.vaultRead("epoch"));
  const bought = await swapJob(world, poorer, { amountInRaw: String(90_000n * USDX), epoch });
  expect(await poorer.run(bought)).toMatchObject({ outcome: "broadcast" });
  const live = await poorer.liveSeriesCount();
  const expiryMs = Math.floor(Date.now() / 1000 + 35) * 1000;
  for (const one of attended.sites) await setExpiries(world, one, expiryMs);
  await poorer.reportWith((one) => {
    return one.market[0]?.volatility.some((slice) => slice.expiryMs === expiryMs) === true;
  });
  const deep = { type: "call", expiryIndex: { expiryMs }, quantity: 60, strikeUsd: 2_700 } as const;
  await sellOptions(world, poorer, [deep]);
  const { settlement, contracts } = poorer.chain;
  const cash = () => poorer.tokenBalance(settlement.token, contracts.vault);
  const amountRaw = (await cash()) - LEFT_RAW;
  await sendAway(world, poorer, { target: richer.chain, amountRaw });
  expect(await cash()).toBe(LEFT_RAW);
  await poorer.reportWith((one) => one.block.timestampMs > expiryMs + 2_000);
  expect(await poorer.liveSeriesCount()).toBe(live + 1);
  // No transfer is worth its fee, so nobody else's cash can come.
  const policyFile = policyFileWith(world, (policy) => ({
    ...policy,
    transfers: { ...policy.transfers, minimumUsd: 1e9, maximumUsd: 1e9 },
  }));
  const coordinator = await startCoordinator(world, { change: () => ({ policyFile }) });
  const { body } = await coordinator.until("/v1/decisions?limit=50", ({ body: found }) => {
    return JSON.stringify(found).includes(DUE_REASON);
  });
  expect(JSON.stringify(body)).toContain(DUE_REASON);
  await expect.poll(poorer.liveSeriesCount).toBe(live);
  const history = await readHistory(
    observeChain(poorer.chain),
    await poorer.client.getBlockNumber(),
  );
  const raised = history.swaps.filter(({ amountOut }) => amountOut === DUE_RAW - LEFT_RAW);
  expect(raised).toMatchObject([{ assetOut: settlement.token }]);
  expect(history.settlements.at(-1)).toMatchObject({ paidByVault: DUE_RAW });
  expect(accountFaults(history)).toEqual([]);
  coordinator.kill("SIGTERM");
  expect(await coordinator.exitCode).toBe(0);
});

/** Ids of all jobs the vaults have consumed, sorted; one that is consumed twice stands there twice. */
async function consumed(): Promise<string[]> {
  const events = attended.sites.map(({ chain, client }) =>
    client.getContractEvents({
      address: chain.contracts.vault,
      abi: shardVaultAbi,
      eventName: "MandateConsumed",
      fromBlock: BigInt(chain.deployBlock),
    }),
  );
  const ids = (await Promise.all(events)).flat().map(({ args }) => String(args.jobId));
  return ids.sort();
}

/** How many jobs of the queues the agents have answered. */
async function answeredJobs(): Promise<number> {
  const redis = new Redis(attended.world.description.redisUrl);
  try {
    const queues = attended.sites.map(({ chain }) => rebalanceQueueName(chain.shard));
    const counts = await Promise.all(queues.map((name) => redis.zcard(`bull:${name}:completed`)));
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    redis.disconnect();
  }
}

function readHistories() {
  return Promise.all(
    attended.sites.map(async ({ chain, client }) => {
      return readHistory(observeChain(chain), await client.getBlockNumber());
    }),
  );
}
