import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Address } from "#shared/units/ids.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { swapJob } from "#test/support/agent/swap-job.ts";
import {
  type AttendedWorld,
  onlySite,
  openAttendedWorld,
} from "#test/support/chain/attended-world.ts";
import { mining, reorganiseAway } from "#test/support/chain/reorganise.ts";
import {
  type ApiAnswer,
  type CoordinatorProcess,
  startCoordinator,
} from "#test/support/coordinator/coordinator-process.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const TEST_MS = 240_000;
/** Far deeper than the eight blocks after which anvil calls one final. */
const DEEP_BLOCKS = 40;

let attended: AttendedWorld;
let site: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({ seed: 59, chains: 2, open: [0], without: ["lzWorker"] });
  site = onlySite(attended);
});

afterAll(() => attended?.close());

type Finality = {
  readonly shard: string;
  readonly final: { readonly number: number; readonly hash: string } | null;
  readonly broken: { readonly number: number; readonly was: string; readonly found: string } | null;
};

function finalityOf({ body }: ApiAnswer): Finality | undefined {
  const all = (body["finality"] ?? []) as Finality[];
  return all.find((one) => one.shard === site.chain.shard);
}

const mine = (blocks: number): Promise<unknown> =>
  rpc(site.chain.rpcUrl, "anvil_mine", [`0x${blocks.toString(16)}`, "0x0"]);
/** Puts another miner's blocks in the place of the newest ones; a block more meanwhile would leave one of those in place. */
async function replace(miner: Address): Promise<void> {
  await mining(site, false);
  // Empty blocks of the same second would be the same blocks again.
  await rpc(site.chain.rpcUrl, "anvil_setCoinbase", [miner]);
  const was = await site.client.getBlock({ blockTag: "finalized" });
  await rpc(site.chain.rpcUrl, "anvil_reorg", [DEEP_BLOCKS, []]);
  const found = await site.client.getBlock({ blockNumber: was.number });
  expect(found.hash).not.toBe(was.hash);
  await mining(site, true);
}

async function headNumber(): Promise<number> {
  return Number(await rpc(site.chain.rpcUrl, "eth_blockNumber", []));
}

/** The finality of the shard once it is broken, and the reasons of the halt. */
async function brokenAt(coordinator: CoordinatorProcess) {
  const answer = await coordinator.until("/v1/breakers", (one) => finalityOf(one)?.broken != null);
  const { body } = await coordinator.until("/v1/risk", (one) => one.body["mode"] === "halt");
  return { broken: finalityOf(answer)?.broken, reasons: String(body["haltReasons"]) };
}

async function killed({ kill, exitCode }: CoordinatorProcess): Promise<void> {
  kill("SIGKILL");
  await exitCode;
}

type Health = { readonly reasons: readonly string[]; readonly replacedBlock: object | null };

async function healthOf(): Promise<Health> {
  const answer = await fetch(`${site.chain.quotesUrl}/v1/health`);
  return (await answer.json()) as Health;
}

test("an agent whose journal has a job done in a final block that is replaced takes no more, over a kill", {
  timeout: TEST_MS,
}, async () => {
  const { world } = attended;
  const name = `agent-${site.chain.shard}`;
  const job = await swapJob(world, site, { amountInRaw: "1000000000" });
  const { transactionHash } = await site.run(job);
  if (transactionHash === undefined) throw new Error("a transaction expected");
  await site.reportWith(({ consumedJobs }) => {
    return consumedJobs.some(({ jobId }) => jobId === job.mandate.jobId);
  });
  await mine(DEEP_BLOCKS / 2);
  const { logFile } = world.processes.get(name);
  const isFinal = (text: string): boolean =>
    text.split("\n").some((line) => line.includes("is final") && line.includes(transactionHash));
  await waitFor(async () => readFileSync(logFile, "utf8"), isFinal, "the job to be final");
  expect((await healthOf()).replacedBlock).toBeNull();
  await reorganiseAway(site, transactionHash);
  const broken = ({ reasons }: Health): boolean => reasons.includes("finality-broken");
  const found = await waitFor(healthOf, broken, "health after the reorganisation");
  expect(found.replacedBlock).toMatchObject({ entryId: job.mandate.jobId });
  process.kill(world.processes.get(name).pid, "SIGKILL");
  world.processes.start(name);
  const again = await waitFor(
    () => healthOf().catch(() => null),
    (one) => one !== null && broken(one),
    "health after a kill",
  );
  expect(again?.replacedBlock).toMatchObject({ entryId: job.mandate.jobId });
  const next = await swapJob(world, site, { amountInRaw: "2000000000" });
  expect(await site.run(next)).toMatchObject({ outcome: "refused", reason: "rpc-disagreement" });
});

test("a replaced final block halts the coordinator over kills and restarts, until a person resumes; one replaced while none ran too", {
  timeout: TEST_MS,
}, async () => {
  const dataDir = temporaryFolder();
  const start = () => startCoordinator(attended.world, { dataDir });
  const first = await start();
  await mine(2 * DEEP_BLOCKS);
  const head = await headNumber();
  const sound = await first.until("/v1/breakers", (one) => {
    return (finalityOf(one)?.final?.number ?? 0) >= head - DEEP_BLOCKS / 2;
  });
  expect(finalityOf(sound)?.broken).toBeNull();
  const { final } = finalityOf(sound) ?? {};
  await replace(address20("a1"));
  const found = await brokenAt(first);
  expect(found.reasons).toContain("finality-broken");
  expect(found.broken?.number).toBeGreaterThanOrEqual(final?.number ?? Number.NaN);
  await killed(first);
  const second = await start();
  const remembered = await brokenAt(second);
  expect(remembered.broken).toEqual(found.broken);
  expect(remembered.reasons).toContain("finality-broken");
  const reason = "the chain's provider restored a backup; jobs were compared with the vault";
  expect((await second.post("/v1/resume", { reason })).status).toBe(200);
  await second.until("/v1/risk", ({ body }) => !String(body["haltReasons"]).includes("finality"));
  await killed(second);
  // Nobody looks while it is replaced again.
  await replace(address20("a2"));
  const third = await start();
  const again = await brokenAt(third);
  expect(again.broken?.found).not.toBe(found.broken?.found);
  expect(again.reasons).toContain("finality-broken");
  third.kill("SIGTERM");
  expect(await third.exitCode).toBe(0);
});
