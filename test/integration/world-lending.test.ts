import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFunctionData, parseAbi } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { AgentConfigFile } from "#shard-agent/config.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address } from "#shared/units/ids.ts";
import type { LendMoveParams } from "#shared/wire/rebalance-job.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { accountFaults } from "#test/local/check/accounts/vault-accounts.ts";
import { readHistory } from "#test/local/check/read-history.ts";
import { writeOwnerOnly } from "#test/local/config/owner-only-file.ts";
import { POSITION_VENUE_CAP_RAW } from "#test/local/deploy/world-parameters.ts";
import { observeChain } from "#test/local/observe/chain-client.ts";
import type { World } from "#test/local/world.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { sellOptions, sendAway } from "#test/support/agent/vault-trades.ts";
import { type AttendedWorld, openAttendedWorld } from "#test/support/chain/attended-world.ts";
import { mismatchOf, mismatchOfNewest } from "#test/support/coordinator/audit-site.ts";
import { policyFileWith, startCoordinator } from "#test/support/coordinator/coordinator-process.ts";
import { plannedJob } from "#test/support/coordinator/planner.ts";

const dataProviderAbi = parseAbi([
  "function getReserveData(address asset) view returns (uint256 unbacked, uint256 accruedToTreasury, uint256 totalAToken, uint256 totalStableDebt, uint256 totalVariableDebt, uint256 liquidityRate, uint256 variableBorrowRate, uint256 stableBorrowRate, uint256 averageStableBorrowRate, uint256 liquidityIndex, uint256 variableBorrowIndex, uint40 lastUpdateTimestamp)",
  "function getUserReserveData(address asset, address user) view returns (uint256 currentATokenBalance, uint256 currentStableDebt, uint256 currentVariableDebt, uint256 principalStableDebt, uint256 scaledVariableDebt, uint256 stableBorrowRate, uint256 liquidityRate, uint40 stableRateLastUpdated, bool usageAsCollateralEnabled)",
  "function getReserveCaps(address asset) view returns (uint256 borrowCap, uint256 supplyCap)",
]);

const DUST_RAW = 1_000_000n;

let attended: AttendedWorld;
let world: World;
let site: AgentSite;
let sister: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({ seed: 41, chains: 2, open: [1, 0], led: [1] });
  world = attended.world;
  const [second, first] = attended.sites;
  if (second === undefined || first === undefined) throw new Error("two sites expected");
  site = second;
  sister = first;
});

afterAll(() => attended?.close());

describe("collateral at Aave", () => {
  test("the report tells what Aave's own reader tells of rates, liquidity and room", async () => {
    const report = await site.reportWith((one) => one.lending.length === 2);
    const { settlement } = site.chain;
    const line = report.lending.find((one) => one.token === settlement.token);
    const at = { blockNumber: BigInt(report.block.number) };
    const reserve = await site.client.readContract({
      ...provider(),
      ...at,
      functionName: "getReserveData",
      args: [settlement.token],
    });
    const [, supplyCap] = await site.client.readContract({
      ...provider(),
      ...at,
      functionName: "getReserveCaps",
      args: [settlement.token],
    });
    expect(line).toMatchObject({
      venue: "aave-v3",
      adapter: account(),
      asset: "USDX",
      suppliedRaw: "0",
      healthFactor: null,
      availableRaw: (reserve[2] - reserve[4]).toString(),
      supplyRoomRaw: (supplyCap * 10n ** 6n - reserve[2]).toString(),
      acceptsSupply: true,
      allowsWithdrawal: true,
    });
    expect(line?.supplyRatePerYear).toBeCloseTo(Number(reserve[5]) / 1e27, 12);
    expect(line?.supplyRatePerYear).toBeGreaterThan(0);
    const age = report.block.timestampMs - (line?.oracleUpdatedAtMs ?? 0);
    expect(age).toBeLessThan(60_000);
  });

  test("a supply under a mandate moves the collateral, and the shard is as rich as before", async () => {
    const before = await site.newestReport();
    const job = await planned({ amountRaw: "300000000000", minReceiptRaw: "299999999999" });
    expect(await site.run(job)).toMatchObject({ outcome: "broadcast" });
    const report = await site.reportWith((one) =>
      one.consumedJobs.some(({ jobId }) => jobId === job.mandate.jobId),
    );
    const lent = report.collateral.find((line) => line.location === "lending");
    const [balance] = await site.client.readContract({
      ...provider(),
      blockNumber: BigInt(report.block.number),
      functionName: "getUserReserveData",
      args: [site.chain.settlement.token, account()],
    });
    expect(lent).toMatchObject({ asset: "USDX", underlying: null, amountRaw: balance.toString() });
    const cash = report.collateral.find((line) => line.location === "vault");
    const cashBefore = before.collateral.find((line) => line.location === "vault");
    expect(BigInt(cashBefore?.amountRaw ?? 0) - BigInt(cash?.amountRaw ?? 0)).toBe(
      300_000_000_000n,
    );
    const difference = BigInt(report.chain.capitalRaw) - BigInt(before.chain.capitalRaw);
    expect(Math.abs(Number(difference))).toBeLessThanOrEqual(1_000);
    const done = report.consumedJobs.at(-1);
    expect(done).toMatchObject({ action: 3, amountInRaw: "300000000000" });
    const hash = done?.transactionHash ?? "0x";
    const { gasUsed } = await site.client.getTransactionReceipt({ hash });
    expect(Number(gasUsed)).toBeLessThan(report.lending[0]?.gasUnits ?? 0);
    const receipts = await waitFor(
      () => site.receiptsOf(job.mandate.jobId),
      (all) => all.some((one) => one.outcome === "included"),
      "receipt of the supply",
    );
    expect(receipts.at(-1)).toMatchObject({ amountInRaw: "300000000000" });
  });

  test("the coordinator's own reading agrees with what is reported, and with no lie about it", async () => {
    expect(await mismatchOfNewest(site)).toBeUndefined();
    const report = await site.newestReport();
    const lying = (change: Partial<typeof report>) => mismatchOf(site, { ...report, ...change });
    const rich = report.lending.map((line) => ({ ...line, suppliedRaw: "900000000000" }));
    expect((await lying({ lending: rich }))?.said).toContain("suppliedRaw 900000000000");
    const gone = report.collateral.filter((line) => line.location === "vault");
    expect((await lying({ collateral: gone }))?.said).toContain("at venues 0");
    const dear = report.market.map((line) => ({ ...line, spotUsd: line.spotUsd * 1.01 }));
    expect((await lying({ market: dear }))?.said).toContain("spotUsd");
    // What is no pool reverts when it is asked, and must not keep the report from being looked at.
    const nowhere = report.capacity.map((line) => ({ ...line, pool: site.chain.contracts.vault }));
    expect((await lying({ capacity: nowhere }))?.found).toContain("nothing");
  });

  test("a withdrawal brings it back with its interest, and every unit is accounted for", async () => {
    const job = await planned({ amountRaw: "-100000000000", minReceiptRaw: "100000000000" });
    expect(await site.run(job)).toMatchObject({ outcome: "broadcast" });
    await site.reportWith((one) =>
      one.consumedJobs.some(({ jobId }) => jobId === job.mandate.jobId),
    );
    const observed = observeChain(site.chain);
    const history = await readHistory(observed, await site.client.getBlockNumber());
    expect(accountFaults(history)).toEqual([]);
    expect(history.venueMoves.map(({ amount }) => amount)).toEqual([
      300_000_000_000n,
      -100_000_000_000n,
    ]);
  });

  test("another account, an unknown asset and a floor that does not hold are refused before gas is spent", async () => {
    const stranger = await planned({ venue: site.chain.contracts.vault });
    expect(await site.run(stranger)).toMatchObject({ reason: "venue-not-allowed" });
    const unknown = await planned({ asset: site.chain.contracts.vault });
    expect(await site.run(unknown)).toMatchObject({ reason: "venue-not-allowed" });
    const greedy = await planned({ minReceiptRaw: "1000001000" });
    expect(await site.run(greedy)).toMatchObject({
      reason: "simulation-reverted",
      detail: expect.stringContaining("VenueDesk_ReceivedTooLittle"),
    });
  });

  test("a coordinator whose policy lends fills the account up to the desk's cap, by one mandate", async () => {
    const before = await site.newestReport();
    const coordinator = await startLender();
    const lent = await site.reportWith((one) => suppliedRaw(one) > 400_000_000_000n);
    expect(loanMovesSince(before, lent)).toHaveLength(1);
    // The desk would refuse more than its cap, and was not asked for more.
    expect(suppliedRaw(lent)).toBeLessThanOrEqual(POSITION_VENUE_CAP_RAW);
    expect(Number(suppliedRaw(lent)) / Number(POSITION_VENUE_CAP_RAW)).toBeGreaterThan(0.97);
    const later = await site.reportWith((one) => one.block.number >= lent.block.number + 4);
    expect(loanMovesSince(lent, later)).toEqual([]);
    coordinator.kill("SIGTERM");
    expect(await coordinator.exitCode).toBe(0);
  });

  test("a coordinator calls the loan back when series soon to settle may need more cash than there is, and lends it no more", async () => {
    const cashRaw = cashOf(await site.newestReport());
    await sendAway(world, site, { target: sister.chain, amountRaw: cashRaw - 40_000n * 10n ** 6n });
    const straddle = { expiryIndex: 1, quantity: 250 } as const;
    await sellOptions(world, site, [
      { type: "call", ...straddle },
      { type: "put", ...straddle },
    ]);
    const before = await site.newestReport();
    const lent = suppliedRaw(before);
    // A rise of 18 % makes 135,000 USD due within the horizon: more than the vault has left.
    const coordinator = await startLender({ settlementHorizonHours: 200 });
    const report = await site.reportWith((one) => suppliedRaw(one) < lent);
    expect(loanMovesSince(before, report)).toHaveLength(1);
    const back = report.consumedJobs.findLast(({ action }) => action === 3);
    const missingRaw = 135_000n * 10n ** 6n - cashOf(before);
    expect(BigInt(back?.amountOutRaw ?? 0)).toBeGreaterThan(missingRaw);
    expect(cashOf(report)).toBe(cashOf(before) + BigInt(back?.amountOutRaw ?? 0));
    const later = await site.reportWith((one) => one.block.number >= report.block.number + 4);
    expect(loanMovesSince(report, later)).toEqual([]);
    coordinator.kill("SIGTERM");
    expect(await coordinator.exitCode).toBe(0);
    const history = await readHistory(observeChain(site.chain), await site.client.getBlockNumber());
    expect(accountFaults(history)).toEqual([]);
    expect(history.venueMoves.at(-1)?.amount).toBeLessThan(0n);
  });

  test("a drain by order brings home what is lent and moves it to the sister vault, by the coordinator's own mandates", async () => {
    const before = await site.newestReport();
    expect(before.lending.some((line) => line.suppliedRaw !== "0")).toBe(true);
    const sisterBefore = cashOf(await sister.newestReport());
    const coordinator = await startLender();
    await coordinator.until("/readyz", (answer) => answer.status === 200);
    const { shard } = site.chain;
    const order = { reason: "leaving this chain", target: sister.chain.shard };
    expect(await coordinator.post(`/v1/shards/${shard}/drain`, order)).toMatchObject({
      status: 200,
    });
    // A mandate names an amount: what accrues until its block is worth no further one.
    await site.reportWith((one) =>
      one.lending.every((line) => BigInt(line.suppliedRaw) < DUST_RAW),
    );
    const arrived = await sister.reportWith((one) => cashOf(one) > sisterBefore);
    expect(arrived.deliveredTransfers.length).toBeGreaterThan(0);
    const { body } = await coordinator.get("/v1/breakers");
    expect(body["quarantines"]).toEqual([]);
    const orders = body["orders"] as { shard: string; kind: string }[];
    expect(orders).toMatchObject([{ shard, kind: "drain" }]);
    coordinator.kill("SIGTERM");
    expect(await coordinator.exitCode).toBe(0);
    const history = await readHistory(observeChain(site.chain), await site.client.getBlockNumber());
    expect(accountFaults(history)).toEqual([]);
  });

  test("the drained account is taken off the desk's list as the operations page says, and everybody goes on without it", async () => {
    const { shard, contracts } = site.chain;
    const coordinator = await startLender();
    await coordinator.until("/readyz", (answer) => answer.status === 200);
    const reason = { reason: "retiring the account at Aave" };
    expect(await coordinator.post("/v1/halt", reason)).toMatchObject({ status: 200 });
    await world.processes.get(`agent-${shard}`).stop();
    forgetAave();
    const capital = () =>
      site.client.readContract({
        address: contracts.vault,
        abi: shardVaultAbi,
        functionName: "capital",
      });
    const capitalBefore = await capital();
    await asDeskAdmin("setPositionVenue", [account(), 0n]);
    await asDeskAdmin("retirePositionVenue", [account(), DUST_RAW]);
    const lost = Number(capitalBefore - (await capital()));
    expect(lost).toBeGreaterThanOrEqual(0);
    expect(lost).toBeLessThanOrEqual(Number(DUST_RAW));
    const retiredAt = Number(await site.client.getBlockNumber());
    world.processes.start(`agent-${shard}`);
    expect(await coordinator.post("/v1/resume", reason)).toMatchObject({ status: 200 });
    const report = await site.reportWith(({ block }) => block.number > retiredAt);
    expect(report.lending).toEqual([]);
    expect(report.collateral.map(({ location }) => location)).not.toContain("lending");
    expect(report.caps?.venues.map(({ adapter }) => adapter.toLowerCase())).not.toContain(
      account().toLowerCase(),
    );
    expect(await mismatchOfNewest(site)).toBeUndefined();
    const shards = await coordinator.until("/v1/shards", ({ body }) => {
      const own = (body["shards"] as { id: string; mode: string }[]).find(({ id }) => id === shard);
      return own?.mode === "run";
    });
    expect(shards.status).toBe(200);
    expect((await coordinator.get("/v1/breakers")).body["quarantines"]).toEqual([]);
    coordinator.kill("SIGTERM");
    expect(await coordinator.exitCode).toBe(0);
  });
});

/** Takes the account out of the configuration with which the shard's agent starts next. */
function forgetAave(): void {
  const file = join(world.description.dataDir, `agent-${site.chain.shard}.yaml`);
  const config = parse(readFileSync(file, "utf8")) as AgentConfigFile;
  const positionVenues = { ...config.positionVenues, aaveV3: null };
  writeOwnerOnly(file, stringify({ ...config, positionVenues }));
}

async function asDeskAdmin(
  functionName: "setPositionVenue" | "retirePositionVenue",
  args: readonly [Address, bigint],
): Promise<void> {
  await openLane(site.client, world.keys.account("deployer"), 50).send({
    label: functionName,
    to: site.chain.contracts.venueDesk,
    data: encodeFunctionData({ abi: venueDeskAbi, functionName, args }),
    gas: 500_000n,
  });
}

async function planned(change: Partial<LendMoveParams>) {
  const planner = world.keys.account("planner");
  const params: LendMoveParams = {
    kind: "lend-move",
    venue: account(),
    asset: site.chain.settlement.token,
    amountRaw: "1000000000",
    minReceiptRaw: "999999999",
    minHealthFactorE18: String(2n * 10n ** 18n),
    minCapitalAfterRaw: "0",
    ...change,
  };
  const job = { chain: site.chain, params, leader: planner.address, epoch: 1, signer: planner };
  return plannedJob(job);
}

function provider() {
  const { aaveV3 } = site.chain.positionVenues;
  if (aaveV3 === null) throw new Error("Aave expected on the second chain");
  return { address: aaveV3.dataProvider, abi: dataProviderAbi } as const;
}

function account(): Address {
  return site.chain.positionVenues.aaveV3?.adapter ?? site.chain.contracts.vault;
}

/** A coordinator that lends nine tenths of idle cash where a month's interest is worth the gas. */
function startLender(planning: Partial<Policy["planning"]> = {}) {
  const change = (policy: Policy): Policy => ({
    ...policy,
    planning: { ...policy.planning, ...planning },
    lending: { ...policy.lending, supplyMaxFraction: 0.9, horizonHours: 720 },
  });
  return startCoordinator(world, {
    change: () => ({ policyFile: policyFileWith(world, change) }),
  });
}

/** A report tells only of the newest blocks: what it told earlier may be gone from a later one. */
function loanMovesSince(before: ShardReport, { consumedJobs }: ShardReport) {
  return consumedJobs.filter(({ action, blockNumber }) => {
    return action === 3 && blockNumber > before.block.number;
  });
}

function suppliedRaw(report: ShardReport): bigint {
  const line = report.lending.find(({ token }) => token === site.chain.settlement.token);
  return BigInt(line?.suppliedRaw ?? 0);
}

/** Settlement units in the vault itself. */
function cashOf({ collateral }: ShardReport): bigint {
  const cash = collateral.find((line) => line.location === "vault" && line.underlying === null);
  return BigInt(cash?.amountRaw ?? 0);
}
