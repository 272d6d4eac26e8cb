import { encodeFunctionData, erc20Abi, parseUnits } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import {
  EPOCH_BUMP_TYPES,
  jobIdOf,
  MANDATE_TYPES,
  mandateStruct,
  paramsHash,
  shardBytes32,
  vaultDomain,
} from "#shared/evm/mandate-typed-data.ts";
import { bookDomain, OPTION_QUOTE_TYPES } from "#shared/evm/option-quote-typed-data.ts";
import { swapStruct, transferStruct } from "#shared/evm/params-typed-data.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { Mandate, SwapParams, TransferParams } from "#shared/wire/rebalance-job.ts";
import { reportSetHash } from "#shared/wire/report-set.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import { checkWorld } from "#test/local/check/check-world.ts";
import { exampleJob, exampleRisk } from "#test/local/check/example-world.ts";
import { renderSummary } from "#test/local/check/summary/render-summary.ts";
import { summarySchema } from "#test/local/check/summary/summary-schema.ts";
import type { AdminApi, JobAnswer } from "#test/local/observe/admin-api.ts";
import { type Observer, startObserver } from "#test/local/observe/observer.ts";
import { startWorld, type World } from "#test/local/world.ts";
import type { WorldChain, WorldDescription } from "#test/local/world-description.ts";

/** What is signed on a block is to be in another before that one is so old, on a busy machine too. */
const STALE_AFTER_MS = 60_000;

/** The checker on real chains; the mandates are signed here, as no coordinator runs. */
let world: World;
let observer: Observer;
const jobs: JobAnswer[] = [];

beforeAll(async () => {
  const processes = { coordinator: false, agents: false, market: false, takers: false };
  world = await startWorld({ chains: 2, seed: 23, processes });
  observer = startObserver(world.description);
  for (const chain of world.description.chains) await bumpEpoch(chain);
});
afterAll(async () => {
  await observer?.stop();
  await world?.stop();
});

test("an honest run passes and a replayed mandate is reported as reverted", async () => {
  const [source, target] = chains();
  await tradeOption(source, { isCall: true, vaultSells: true, quantity: 10, premium: 3000 });
  await tradeOption(target, { isCall: false, vaultSells: false, quantity: 2, premium: 150 });
  await samplesAfterNow(2);

  const swap = await issue(source, hedgeParams(source, 15_000));
  await execute(source, swap);
  await expect(execute(source, swap)).rejects.toThrow("reverted");
  const transfer = await issue(target, transferParams(source, 25_000));
  const cashBefore = await vaultCash(source);
  await execute(target, transfer, parseUnits("0.05", 18));
  await expect
    .poll(() => vaultCash(source), { interval: 500 })
    .toBe(cashBefore + 25_000n * 10n ** 6n);
  await samplesAfterNow(2);

  const summary = await checkWorld(patient(), observer, adminApi());
  expect(summary.checks.filter((c) => !c.ok)).toEqual([]);
  expect(summary.jobs).toMatchObject({
    consumed: 2,
    replaysReverted: 1,
    replayReasons: { ShardVault_AlreadyConsumed: 1 },
  });
  expect(summary.trades).toMatchObject({ total: 2, sold: 1, bought: 1 });
  expect(summary.transfers).toMatchObject({ sent: 1, delivered: 1, amountRaw: "25000000000" });
  expect(summary.hedgingCost?.shortfallPoolFeesUsd).toBeCloseTo(
    (15_000 * source.underlyings[0]!.pool.fee) / 1e6,
    1,
  );
  expect(summary.hedgingCost?.shortfallUsd).toBeGreaterThan(
    summary.hedgingCost?.shortfallPoolFeesUsd ?? Number.NaN,
  );
  expect(summary.hedgingCost?.bridgeFeeUsd).toBeGreaterThan(0);
  expect(summary.naive?.trades).toBe(1);
  expect(summary.naive?.shortfallUsd).toBeGreaterThan(0);
  expect(summary.observer.failedLooks).toBe(0);
  expect(summarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
  expect(renderSummary(summary)).toContain(
    "1 replay attempts reverted (ShardVault_AlreadyConsumed 1)",
  );
});

test("one unit given to a vault without an event of its own fails the accounts, and nothing else", async () => {
  const [source] = chains();
  await userLane(source).send({
    label: "give one unit",
    to: source.settlement.token,
    data: encodeFunctionData({
      abi: erc20Abi,
      functionName: "transfer",
      args: [source.contracts.vault, 1n],
    }),
    gas: 100_000n,
  });
  const summary = await checkWorld(patient(), observer, adminApi());
  const failed = summary.checks.filter((c) => !c.ok);
  expect(failed.map((c) => c.name)).toEqual(["per vault and asset, opening + events = closing"]);
  expect(failed[0]?.detail).toContain("differs from opening + events by 1");
});

test("a job whose reports were too old when it was included fails, whatever the coordinator says", async () => {
  const [job] = jobs;
  const staleAfterMs = world.description.chains.map((c) => ({ ...c, staleAfterMs: 1 }));
  const summary = await checkWorld(
    { ...world.description, chains: staleAfterMs },
    observer,
    adminApi(),
  );
  const check = summary.checks.find((c) => c.name === "no job was executed on a stale report");
  expect(check).toMatchObject({ ok: false });
  expect(check?.detail).toContain(`job ${job?.jobId}: included on a report of`);
});

test("a chain that does not answer at the end fails what needs it, and all else is still checked", async () => {
  const [source, target] = chains();
  const silent = { ...target, rpcUrl: "http://127.0.0.1:1" };
  const half = { ...patient(), chains: [source, silent] };
  const summary = await checkWorld(half, observer, adminApi());
  const names = (ok: boolean) => summary.checks.filter((c) => c.ok === ok).map((c) => c.name);
  expect(names(true)).toEqual([
    "no job is in flight at the end",
    "the system is not halted at the end",
    "the band was violated at least once",
  ]);
  const failed = summary.checks.filter((c) => !c.ok);
  const why = `could not be checked: newest block of ${target.shard}: `;
  expect(failed.filter((c) => !c.detail.startsWith(why))).toEqual([]);
  expect(summary).toMatchObject({ ok: false, hedgingCost: null, naive: null, underlyings: {} });
  expect(Object.keys(summary.finalBlocks)).toEqual([source.shard]);
  expect(summarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
  expect(renderSummary(summary)).toContain("hedging cost: could not be read");
});

test("the observer survives a chain that does not answer", async () => {
  const [source, target] = chains();
  const silent = { ...target, rpcUrl: "http://127.0.0.1:1" };
  const failures: string[] = [];
  const half = startObserver(
    { ...world.description, chains: [source, silent] },
    { onFailure: (m) => failures.push(m) },
  );
  await expect.poll(() => failures.length).toBeGreaterThan(0);
  await half.stop();
  expect(half.observation()).toMatchObject({ samplesTaken: 0, samples: [] });
});

function patient(): WorldDescription {
  const patientChains = world.description.chains.map((chain) => {
    return { ...chain, staleAfterMs: STALE_AFTER_MS };
  });
  return { ...world.description, chains: patientChains };
}

function chains(): [WorldChain, WorldChain] {
  const [source, target] = patient().chains;
  if (source === undefined || target === undefined) throw new Error("two chains expected");
  return [source, target];
}

async function samplesAfterNow(count: number): Promise<void> {
  const before = observer.observation().samplesTaken;
  await expect.poll(() => observer.observation().samplesTaken).toBeGreaterThan(before + count);
}

function adminApi(): AdminApi {
  const counters = { reports: { accepted: 0, refused: {} }, passes: 0, decisions: 0, jobs: {} };
  return {
    risk: async () => exampleRisk(),
    shards: async () => [],
    jobs: async () => jobs,
    decisions: async () => [],
    counters: async () => counters,
  };
}

const lanes = new Map<string, Lane>();
function userLane(chain: WorldChain): Lane {
  const known = lanes.get(chain.shard);
  if (known !== undefined) return known;
  const lane = openLane(chainClient(chain.rpcUrl, chain.chainId), world.keys.account("user"), 50);
  lanes.set(chain.shard, lane);
  return lane;
}

async function bumpEpoch(chain: WorldChain): Promise<void> {
  const planner = world.keys.account("planner");
  const message = { expectedEpoch: 0n, newLeader: planner.address };
  const domain = vaultDomain(chain.chainId, chain.contracts.vault);
  const signature = await planner.signTypedData({
    domain,
    types: EPOCH_BUMP_TYPES,
    primaryType: "EpochBump",
    message,
  });
  await userLane(chain).send({
    label: "bump the epoch",
    to: chain.contracts.vault,
    data: encodeFunctionData({
      abi: shardVaultAbi,
      functionName: "bumpEpoch",
      args: [0n, planner.address, [signature]],
    }),
    gas: 300_000n,
  });
}

async function tradeOption(
  chain: WorldChain,
  o: { isCall: boolean; vaultSells: boolean; quantity: number; premium: number },
): Promise<void> {
  const user = world.keys.account("user");
  const expiryMs = world.description.market?.expiriesMs[2] ?? 0;
  const quote = {
    taker: user.address,
    underlying: chain.underlyings[0]!.token,
    isCall: o.isCall,
    vaultSells: o.vaultSells,
    expiry: BigInt(expiryMs / 1000),
    strike: parseUnits("3000", 8),
    quantity: parseUnits(String(o.quantity), 18),
    premium: parseUnits(String(o.premium), 6),
    spotMin: 0n,
    spotMax: 2n ** 128n - 1n,
    nonce: 1n,
    deadline: BigInt(Math.floor(Date.now() / 1000) + 60),
  };
  const signature = await world.keys.account(`quoter-${chain.shard}`).signTypedData({
    domain: bookDomain(chain.chainId, chain.contracts.optionBook),
    types: OPTION_QUOTE_TYPES,
    primaryType: "OptionQuote",
    message: quote,
  });
  const lane = userLane(chain);
  const spender = chain.contracts.optionBook;
  await lane.send({
    label: "approve the book",
    to: chain.settlement.token,
    data: encodeFunctionData({
      abi: erc20Abi,
      functionName: "approve",
      args: [spender, 10n ** 18n],
    }),
    gas: 100_000n,
  });
  await lane.send({
    label: "trade an option",
    to: spender,
    data: encodeFunctionData({
      abi: optionBookAbi,
      functionName: "trade",
      args: [quote, signature],
    }),
    gas: 1_500_000n,
  });
}

function hedgeParams(chain: WorldChain, amountUsd: number): VaultParams {
  const [eth] = chain.underlyings;
  if (eth === undefined) throw new Error("no underlying");
  return {
    kind: "swap",
    venue: chain.contracts.uniswapAdapter,
    pool: eth.pool.address,
    assetIn: chain.settlement.token,
    assetOut: eth.token,
    amountInRaw: String(parseUnits(String(amountUsd), 6)),
    minAmountOutRaw: String(parseUnits(String((amountUsd / 3000) * 0.98), 18)),
    minCapitalAfterRaw: "0",
  };
}

function transferParams(to: WorldChain, amountUsd: number): VaultParams {
  const amountRaw = String(parseUnits(String(amountUsd), 6));
  return {
    kind: "transfer",
    dstEid: to.endpointId,
    dstVault: `0x${to.contracts.vault.slice(2).toLowerCase().padStart(64, "0")}`,
    amountRaw,
    minAmountRaw: amountRaw,
    lzReceiveGas: 200_000,
    minCapitalAfterRaw: "0",
  };
}

type VaultParams = SwapParams | TransferParams;
type Issued = { readonly mandate: Mandate; readonly params: VaultParams; readonly signature: Hex };

/** Signs a mandate on a report set of the chain's newest block, and remembers it as a coordinator would. */
async function issue(chain: WorldChain, params: VaultParams): Promise<Issued> {
  const planner = world.keys.account("planner");
  const block = await chainClient(chain.rpcUrl, chain.chainId).getBlock();
  const blockTimestampMs = Number(block.timestamp) * 1000;
  const ref = {
    shard: chain.shard,
    agent: "test-1",
    seq: 1,
    blockNumber: Number(block.number),
    blockHash: block.hash,
    blockTimestampMs,
  };
  const planId: Hex = `0x${"1".repeat(64)}`;
  const hash = paramsHash(params);
  const mandate: Mandate = {
    jobId: jobIdOf({ planId, shard: chain.shard, step: jobs.length, paramsHash: hash }),
    epoch: 1,
    leader: planner.address,
    shard: shardBytes32(chain.shard),
    action: params.kind === "swap" ? 1 : 2,
    reportSetHash: reportSetHash([ref]),
    notBeforeSeconds: 0,
    deadlineSeconds: Number(block.timestamp) + STALE_AFTER_MS / 1000,
    maxFeeNativeWei: params.kind === "swap" ? "0" : String(10n ** 18n),
    paramsHash: hash,
  };
  const domain = vaultDomain(chain.chainId, chain.contracts.vault);
  const message = mandateStruct(mandate);
  const signature = await planner.signTypedData({
    domain,
    types: MANDATE_TYPES,
    primaryType: "Mandate",
    message,
  });
  jobs.push(
    exampleJob({ jobId: mandate.jobId, shard: chain.shard, kind: params.kind, reportSet: [ref] }),
  );
  return { mandate, params, signature };
}

async function execute(
  chain: WorldChain,
  { mandate, params, signature }: Issued,
  valueWei = 0n,
): Promise<void> {
  const head = [mandateStruct(mandate)] as const;
  const data =
    params.kind === "swap"
      ? encodeFunctionData({
          abi: shardVaultAbi,
          functionName: "executeSwap",
          args: [...head, swapStruct(params), [signature]],
        })
      : encodeFunctionData({
          abi: shardVaultAbi,
          functionName: "executeTransfer",
          args: [...head, transferStruct(params), [signature]],
        });
  await userLane(chain).send({
    label: params.kind,
    to: chain.contracts.vault,
    data,
    valueWei,
    gas: 2_000_000n,
  });
}

function vaultCash(chain: WorldChain): Promise<bigint> {
  const args: readonly [Address] = [chain.contracts.vault];
  return chainClient(chain.rpcUrl, chain.chainId).readContract({
    address: chain.settlement.token,
    abi: erc20Abi,
    functionName: "balanceOf",
    args,
  });
}
