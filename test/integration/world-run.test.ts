import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { BaseError, decodeErrorResult, type Hex, parseAbiItem } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, onTestFinished, test } from "vitest";
import { own } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { summarySchema } from "#test/local/check/summary/summary-schema.ts";
import {
  type WorldChain,
  type WorldDescription,
  worldDescriptionSchema,
} from "#test/local/world-description.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const SWAP_EXECUTED = parseAbiItem(
  "event SwapExecuted(bytes32 indexed jobId, address indexed venue, address pool, address assetIn, address assetOut, uint256 amountIn, uint256 amountOut)",
);
const MAIN = join(import.meta.dirname, "../local/main.ts");

test("npm start runs the main job, refuses a replayed mandate, and leaves nothing behind", async () => {
  const folder = temporaryFolder();
  const jsonFile = join(folder, "summary.json");
  const args = ["--minutes", "1.25", "--seed", "7", "--dir", folder, "--json", jsonFile];
  const run = startRun(args);
  const worldFile = join(folder, "world.json");
  await expect.poll(() => existsSync(worldFile)).toBe(true);
  expect(statSync(worldFile).mode & 0o777).toBe(0o600);
  const world = worldDescriptionSchema.parse(JSON.parse(readFileSync(worldFile, "utf8")));

  const replay = await replayFirstMandate(world);
  expect(replay.reason).toMatch(/ShardVault_AlreadyConsumed/);
  expect(replay.status).toBe("reverted");

  const exitCode = await run.exited;
  // Before the summary: a run that broke off has none, and its output says why.
  expect(exitCode, run.output()).toBe(0);
  const summary = summarySchema.parse(JSON.parse(readFileSync(jsonFile, "utf8")));
  expect(summary.checks.filter((check) => !check.ok)).toEqual([]);
  expect(summary.jobs.replaysReverted).toBeGreaterThanOrEqual(1);
  // The vault judges the deadline first, and the replay's block may be past it.
  expect(Object.keys(summary.jobs.replayReasons)).toContainEqual(
    expect.stringMatching(/^ShardVault_(AlreadyConsumed|Expired)$/),
  );
  expect(summary.transfers.delivered).toBeGreaterThanOrEqual(1);
  expect(summary.trades.settledSeries).toBeGreaterThanOrEqual(2);
  expect(summary.offsettingRatioUsd).toBeGreaterThan(3);
  expect(summary.reports.refused["forged"] ?? 0).toBe(0);

  expect(existsSync(worldFile)).toBe(false);
  const urls = [
    world.adminApi.url,
    ...world.chains.flatMap((chain) => [chain.rpcUrl, chain.quotesUrl]),
  ];
  for (const url of urls) await expect(fetch(url), url).rejects.toThrow();
});

type Run = { readonly exited: Promise<number | null>; readonly output: () => string };

function startRun(args: readonly string[]): Run {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  onTestFinished(() => void child.kill("SIGTERM"));
  return { exited: new Promise((resolve) => child.once("exit", resolve)), output: () => output };
}

type Consumption = { readonly chain: WorldChain; readonly transactionHash: Hex };

/** As soon as a vault consumed a mandate, somebody else sends the very same call again. */
async function replayFirstMandate(
  world: WorldDescription,
): Promise<{ status: string; reason: string }> {
  const { chain, transactionHash } = await firstConsumption(world);
  const { vault } = chain.contracts;
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const user = privateKeyToAccount(world.keys["user"] ?? "0x");
  const { input, blockNumber } = await client.getTransaction({ hash: transactionHash });
  if (blockNumber === null) throw new Error(`${transactionHash} is in no block`);
  // In the very block that consumed it, which is before its deadline.
  const replayed = client.call({ account: user.address, to: vault, data: input, blockNumber });
  const reason = await replayed.then(
    () => "none",
    (error: unknown) => revertReason(error),
  );
  const lane = openLane(client, user, 100);
  const hash = await lane.submit({ label: "replay", to: vault, data: input, gas: 1_000_000n });
  const statusOf = async () =>
    (await client.getTransactionReceipt({ hash }).catch(() => null))?.status;
  await expect.poll(statusOf).toBeDefined();
  return { status: (await statusOf()) ?? "pending", reason };
}

/** Name of the vault's own error. */
function revertReason(error: unknown): string {
  const cause =
    error instanceof BaseError ? error.walk((one) => one instanceof Error && "data" in one) : null;
  const data = cause !== null && "data" in cause ? cause.data : undefined;
  if (typeof data !== "string") return String(error);
  return decodeErrorResult({ abi: own("ShardVault").abi, data: data as Hex }).errorName;
}

/** First swap mandate that any vault consumed: a transfer's call would carry a fee too. */
async function firstConsumption(world: WorldDescription): Promise<Consumption> {
  const found = Promise.withResolvers<Consumption>();
  const look = async (): Promise<boolean> => {
    for (const chain of world.chains) {
      const logs = await chainClient(chain.rpcUrl, chain.chainId).getLogs({
        address: chain.contracts.vault,
        event: SWAP_EXECUTED,
        fromBlock: BigInt(chain.deployBlock),
      });
      const transactionHash = logs[0]?.transactionHash;
      if (transactionHash !== undefined) found.resolve({ chain, transactionHash });
      if (transactionHash !== undefined) return true;
    }
    return false;
  };
  await expect.poll(look, { interval: 100 }).toBe(true);
  return found.promise;
}
