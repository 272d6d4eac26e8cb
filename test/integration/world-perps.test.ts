import { type Address, encodeFunctionData, parseAbi } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobParams, MarginMoveParams, PerpChangeParams } from "#shared/wire/rebalance-job.ts";
import type { PerpLine, ShardReport } from "#shared/wire/shard-report.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { bookRisk } from "#test/local/check/accounts/book-risk.ts";
import { accountFaults } from "#test/local/check/accounts/vault-accounts.ts";
import { readHistory } from "#test/local/check/read-history.ts";
import { VAULT_LIMITS } from "#test/local/deploy/world-parameters.ts";
import { pushPrice } from "#test/local/market/feed-writer.ts";
import { arbitragePerp, updateIndex } from "#test/local/market/perp-arbitrage.ts";
import { observeChain } from "#test/local/observe/chain-client.ts";
import { readChainState } from "#test/local/observe/chain-state.ts";
import type { World } from "#test/local/world.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";
import { sellOptions, sendAway } from "#test/support/agent/vault-trades.ts";
import { type AttendedWorld, openAttendedWorld } from "#test/support/chain/attended-world.ts";
import { mismatchOf, mismatchOfNewest } from "#test/support/coordinator/audit-site.ts";
import { policyFileWith, startCoordinator } from "#test/support/coordinator/coordinator-process.ts";
import { type JobOptions, plannedJob } from "#test/support/coordinator/planner.ts";

const curieAbi = parseAbi([
  "function getAccountValue(address trader) view returns (int256)",
  "function getFreeCollateral(address trader) view returns (uint256)",
  "function getTakerPositionSize(address trader, address baseToken) view returns (int256)",
  "function getTakerOpenNotional(address trader, address baseToken) view returns (int256)",
  "function getTotalAbsPositionValue(address trader) view returns (uint256)",
  "function getMarkPrice(address baseToken) view returns (uint256)",
  "function getPendingFundingPayment(address trader, address baseToken) view returns (int256)",
  "function getIndexPrice(uint256 interval) view returns (uint256)",
  "function pause()",
  "function unpause()",
  "function liquidate(address trader, address baseToken)",
]);
const GAS = 3_000_000n;
const WAD = 1e18;
const USDX = 10n ** 6n;
const UNIT = 10n ** 18n;
const START_USD = 3_000;
const MARGIN_RAW = 100_000n * USDX;

let attended: AttendedWorld;
let world: World;
let site: AgentSite;
let sister: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({ seed: 47, chains: 3, open: [2, 0, 1], led: [2] });
  world = attended.world;
  const [third, first] = attended.sites;
  if (third === undefined || first === undefined) throw new Error("three sites expected");
  site = third;
  sister = first;
});

afterAll(() => attended?.close());

describe("a perpetual at Curie", () => {
  test("margin goes in under a mandate, and the vault is as rich as before", async () => {
    const before = await site.newestReport();
    expect(lineOf(before)).toMatchObject({ sizeE18: "0", marginRatio: null, accountValueUsd: 0 });
    expect(before.collateral.map(({ location }) => location)).not.toContain("venue-margin");
    const { report, job } = await done(margin({ amountRaw: String(MARGIN_RAW) }));
    const place = { location: "venue-margin", asset: "USDX", underlying: null };
    expect(report.collateral).toContainEqual(
      expect.objectContaining({ ...place, amountRaw: String(MARGIN_RAW) }),
    );
    expect(report.chain.capitalRaw).toBe(before.chain.capitalRaw);
    expect(job).toMatchObject({ action: 4, amountInRaw: String(MARGIN_RAW) });
    await expectCuriesNumbers(report);
  });

  test("a short is opened for exactly what the depth said, and its size is the delta", async () => {
    const before = lineOf(await site.newestReport());
    const point = before.sell[2];
    if (point === undefined) throw new Error("a third point of depth expected");
    const { report, job } = await done(perp({ sizeE18: `-${point.sizeE18}` }));
    expect(job).toMatchObject({
      action: 5,
      amountInRaw: point.sizeE18,
      amountOutRaw: point.quoteE18,
    });
    const line = lineOf(report);
    expect(line.sizeE18).toBe(`-${point.sizeE18}`);
    expect(line.openNotionalUsd).toBeCloseTo(-Number(point.quoteE18) / WAD, 9);
    const spot = report.greeks.find((one) => one.underlying === "ETH" && one.expiryMs === null);
    expect(spot?.deltaUnits).toBeCloseTo(-Number(point.sizeE18) / WAD, 12);
    await expectCuriesNumbers(report);
    await expectCheckersNumbers(report);
  });

  test("the coordinator's own reading agrees with what is reported, and with no lie about it", async () => {
    expect(await mismatchOfNewest(site)).toBeUndefined();
    const report = await site.newestReport();
    const lying = (change: Partial<PerpLine>) =>
      mismatchOf(site, { ...report, perps: report.perps.map((line) => ({ ...line, ...change })) });
    expect((await lying({ sizeE18: "0" }))?.said).toContain("sizeE18 0");
    expect((await lying({ accountValueUsd: 1e6 }))?.said).toContain("accountValueUsd 1000000");
    expect((await lying({ underlying: "BTC" }))?.said).toContain("underlying btc");
    const { vault } = site.chain.contracts;
    expect((await lying({ market: vault }))?.said).toContain("nothing");
    const deep = lineOf(report).sell.map((point) => ({ ...point, quoteE18: `${point.quoteE18}0` }));
    expect((await lying({ sell: deep }))?.said).toContain("depth of");
    const { capacity } = report;
    const pools = capacity.map((line) => ({
      ...line,
      buy: line.buy.map((point) => ({ ...point, amountOutRaw: `${point.amountOutRaw}0` })),
    }));
    expect((await mismatchOf(site, { ...report, capacity: pools }))?.said).toContain("depth of");
  });

  test("a job that breaks a limit is refused before gas is spent", async () => {
    const stranger = site.chain.contracts.vault;
    for (const params of [
      perp({ venue: stranger }),
      perp({ market: stranger }),
      margin({ venue: stranger }),
    ])
      expect(await site.run(await planned(params))).toMatchObject({ reason: "venue-not-allowed" });
    const size = -(10n ** 18n);
    const refused: readonly [JobParams, string][] = [
      [
        perp({ sizeE18: String(size), worstPriceE8: usdE8(START_USD * 0.9) }),
        "VenueDesk_PriceOutsideLimit",
      ],
      [perp({ sizeE18: String(size), worstPriceE8: usdE8(START_USD * 1.01) }), "CH_TLRS"],
      [perp({ sizeE18: String(-size), worstPriceE8: usdE8(START_USD * 0.99) }), "CH_TMRL"],
      [
        perp({ sizeE18: String(size), minMarginRatioE18: String(20n * 10n ** 18n) }),
        "VenueDesk_HealthBelowFloor",
      ],
      [perp({ sizeE18: String(1_700n * size) }), "ShardVault_WindowCapExceeded"],
      [margin({ amountRaw: String(450_000n * USDX) }), "VenueDesk_CapExceeded"],
      [margin({ amountRaw: String(-MARGIN_RAW) }), "V_NEFC"],
      [margin({ minReceiptRaw: String(MARGIN_RAW) }), "VenueDesk_ReceivedTooLittle"],
    ];
    for (const [params, error] of refused) {
      expect(await site.run(await planned(params)), error).toMatchObject({
        reason: "simulation-reverted",
        detail: expect.stringContaining(error),
      });
    }
  });

  test("a price shock is told as a falling margin ratio, and a job below the floor is refused", async () => {
    const before = lineOf(await site.newestReport());
    await shock(START_USD * 1.04);
    const report = await site.reportWith((one) => lineOf(one).markUsd > START_USD * 1.03);
    const line = lineOf(report);
    expect(line.accountValueUsd).toBeLessThan(before.accountValueUsd);
    expect(line.marginRatio).toBeLessThan(before.marginRatio ?? 0);
    await expectCuriesNumbers(report);
    const floor = BigInt(Math.round((line.marginRatio ?? 0) * 1.02 * 1e6)) * 10n ** 12n;
    const job = await planned(
      perp({
        sizeE18: String(-(10n ** 17n)),
        worstPriceE8: usdE8(START_USD),
        minMarginRatioE18: String(floor),
      }),
    );
    expect(await site.run(job)).toMatchObject({
      reason: "simulation-reverted",
      detail: expect.stringContaining("VenueDesk_HealthBelowFloor"),
    });
    await shock(START_USD);
    await site.reportWith((one) => lineOf(one).markUsd < START_USD * 1.005);
  });

  test("funding accrues to the short of a dear market, in the sign and size that is told", async () => {
    await movePool(START_USD * 1.02);
    const first = await site.reportWith((one) => lineOf(one).fundingFractionPerDay > 0.018);
    const last = await site.reportWith((one) => one.block.number >= first.block.number + 4);
    const [from, to] = [lineOf(first), lineOf(last)];
    const days = (last.block.timestampMs - first.block.timestampMs) / 86_400_000;
    const units = Number(from.sizeE18) / WAD;
    const expectedUsd = units * to.indexUsd * to.fundingFractionPerDay * days;
    expect(expectedUsd).toBeLessThan(0);
    const accruedUsd = to.pendingFundingUsd - from.pendingFundingUsd;
    expect(accruedUsd / expectedUsd).toBeGreaterThan(0.9);
    expect(accruedUsd / expectedUsd).toBeLessThan(1.1);
    await movePool(START_USD);
    await site.reportWith((one) => lineOf(one).markUsd < START_USD * 1.005);
  });

  test("it is reduced, closed, and the margin comes back, all accounted for", async () => {
    const open = -BigInt(lineOf(await site.newestReport()).sizeE18);
    const reduced = await done(perp({ sizeE18: String(open / 3n) }));
    expect(lineOf(reduced.report).sizeE18).toBe(String(open / 3n - open));
    await expectCuriesNumbers(reduced.report);
    const closed = await done(perp({ sizeE18: String(open - open / 3n) }));
    expect(lineOf(closed.report)).toMatchObject({ sizeE18: "0", marginRatio: null });
    const { freeMarginRaw } = lineOf(closed.report);
    const out = await done(
      margin({ amountRaw: `-${freeMarginRaw}`, minReceiptRaw: freeMarginRaw }),
    );
    expect(out.report.collateral.map(({ location }) => location)).not.toContain("venue-margin");
    expect(out.job).toMatchObject({ amountOutRaw: freeMarginRaw });
    const history = await readHistory(observeChain(site.chain), await site.client.getBlockNumber());
    expect(accountFaults(history)).toEqual([]);
    expect(history.perpChanges.map(({ size }) => size)).toEqual([
      -open,
      open / 3n,
      open - open / 3n,
    ]);
    expect(history.venueMoves).toHaveLength(2);
  });

  test("a liquidation by somebody else is told at once, and what is left is planned on and accounted for", async () => {
    await done(margin({ amountRaw: String(7_000n * USDX) }));
    await done(perp({ sizeE18: String(-20n * UNIT) }));
    const closing = perp({ sizeE18: String(20n * UNIT), minMarginRatioE18: "0" });
    const close = await planned(closing, { lifetimeSeconds: 600 });
    await shock(START_USD * 1.075);
    const thin = await site.reportWith((one) => {
      const { marginRatio, maintenanceMarginFraction } = lineOf(one);
      return marginRatio !== null && marginRatio < maintenanceMarginFraction;
    });
    await liquidate();
    const report = await site.reportWith((one) => lineOf(one).sizeE18 !== lineOf(thin).sizeE18);
    const left = BigInt(lineOf(report).sizeE18);
    expect(left).toBeGreaterThan(-20n * UNIT);
    expect(left).toBeLessThan(0n);
    const spot = report.greeks.find((one) => one.underlying === "ETH" && one.expiryMs === null);
    expect(spot?.deltaUnits).toBeCloseTo(Number(left) / WAD, 12);
    expect(BigInt(report.chain.capitalRaw)).toBeLessThanOrEqual(
      BigInt(thin.chain.capitalRaw) + BigInt(lineOf(report).freeMarginRaw),
    );
    await expectCuriesNumbers(report);
    await expectCheckersNumbers(report);
    // Signed for the position as it was: it would open the other side now.
    expect(await site.run(close)).toMatchObject({ reason: "simulation-reverted" });
    const rest = perp({
      sizeE18: String(-left),
      minMarginRatioE18: "0",
      worstPriceE8: usdE8(START_USD * 1.12),
    });
    const closed = await done(rest);
    expect(lineOf(closed.report)).toMatchObject({ sizeE18: "0", marginRatio: null });
    const history = await readHistory(observeChain(site.chain), await site.client.getBlockNumber());
    expect(history.perpLiquidations.map(({ size }) => size)).toEqual([20n * UNIT + left]);
    expect(accountFaults(history)).toEqual([]);
    await shock(START_USD);
    await site.reportWith((one) => lineOf(one).markUsd < START_USD * 1.005);
  });

  test("the coordinator brings free margin home when series soon to settle may need more cash than there is", async () => {
    await done(margin({ amountRaw: String(MARGIN_RAW) }));
    await sendAway(world, site, { target: sister.chain, amountRaw: 840_000n * USDX });
    const straddle = { expiryIndex: 1, quantity: 250 } as const;
    await sellOptions(world, site, [
      { type: "call", ...straddle },
      { type: "put", ...straddle },
    ]);
    const before = freeMarginRaw(await site.newestReport());
    expect(before).toBeGreaterThanOrEqual(MARGIN_RAW);
    const moves = async () => {
      const history = await readHistory(
        observeChain(site.chain),
        await site.client.getBlockNumber(),
      );
      expect(accountFaults(history)).toEqual([]);
      return history.venueMoves.map(({ amount }) => Math.sign(Number(amount)));
    };
    const byMandate = await moves();
    // A rise of 18 % makes 135,000 USD due within the horizon: more than the vault has left.
    const coordinator = await startCoordinator(world, {
      change: () => ({
        policyFile: policyFileWith(world, (policy) => {
          const planning = { ...policy.planning, settlementHorizonHours: 200 };
          return { ...policy, planning };
        }),
      }),
    });
    const report = await site.reportWith((one) => freeMarginRaw(one) < before / 2n);
    const back = report.consumedJobs.findLast(({ action }) => action === 4);
    expect(BigInt(back?.amountOutRaw ?? 0)).toBeGreaterThan(before / 2n);
    await site.reportWith((one) => one.block.number >= report.block.number + 4);
    coordinator.kill("SIGTERM");
    expect(await coordinator.exitCode).toBe(0);
    // Out, and never in again.
    const byCoordinator = (await moves()).slice(byMandate.length);
    expect(byCoordinator.length).toBeGreaterThan(0);
    expect(byCoordinator.every((sign) => sign === -1)).toBe(true);
  });

  test("a paused house takes no trades and fills no depth, and takes them again afterwards", async () => {
    await asOwner(curie().clearingHouse, "pause");
    const paused = await site.reportWith((one) => !lineOf(one).acceptsTrades);
    const depth = [...lineOf(paused).buy, ...lineOf(paused).sell];
    expect(depth.map(({ quoteE18 }) => quoteE18)).toEqual(depth.map(() => "0"));
    await asOwner(curie().clearingHouse, "unpause");
    const open = await site.reportWith((one) => lineOf(one).acceptsTrades);
    expect(lineOf(open).buy.every(({ quoteE18 }) => quoteE18 !== "0")).toBe(true);
  });

  test("a paused market is still read, and takes no trades", async () => {
    await asOwner(marketOf().market, "pause");
    const report = await site.reportWith((one) => !lineOf(one).acceptsTrades);
    expect(lineOf(report).markUsd).toBeCloseTo(START_USD, -2);
    const stopped = await planned(perp({ sizeE18: String(10n ** 18n) }));
    expect(await site.run(stopped)).toMatchObject({ reason: "simulation-reverted" });
  });

  test("an index whose feed fell silent is told as timed out, with its age, while Curie goes on answering", async () => {
    await attended.feeds.hold();
    const before = lineOf(await site.newestReport());
    expect(before.isIndexTimedOut).toBe(false);
    await rpc(site.chain.rpcUrl, "evm_increaseTime", [VAULT_LIMITS.feedStaleAfterSeconds + 60]);
    const report = await site.reportWith((one) => lineOf(one).isIndexTimedOut);
    const line = lineOf(report);
    expect(line.indexUsd).toBeCloseTo(before.indexUsd, 6);
    expect(report.block.timestampMs - line.indexUpdatedAtMs).toBeGreaterThan(
      VAULT_LIMITS.feedStaleAfterSeconds * 1000,
    );
    const late = { lifetimeSeconds: 2 * VAULT_LIMITS.feedStaleAfterSeconds };
    const job = await planned(perp({ sizeE18: String(UNIT) }), late);
    expect(await site.run(job)).toMatchObject({ outcome: "refused" });
  });
});

/** Runs a job to its report. */
async function done(params: JobParams) {
  const job = await planned(params);
  expect(await site.run(job)).toMatchObject({ outcome: "broadcast" });
  const { jobId } = job.mandate;
  const report = await site.reportWith((one) => one.consumedJobs.some((c) => c.jobId === jobId));
  const consumed = report.consumedJobs.find((one) => one.jobId === jobId);
  const hash = consumed?.transactionHash ?? "0x";
  const { gasUsed } = await site.client.getTransactionReceipt({ hash });
  const { gasUnits, marginGasUnits } = lineOf(report);
  expect(Number(gasUsed)).toBeLessThan(params.kind === "perp-change" ? gasUnits : marginGasUnits);
  return { report, job: consumed };
}

/** Every number of the line is Curie's own at the report's block. */
async function expectCuriesNumbers(report: ShardReport): Promise<void> {
  const line = lineOf(report);
  const { clearingHouse, accountBalance, exchange, marginVault, adapter } = curie();
  const { market } = line;
  const read = (address: Address, functionName: string, args: readonly unknown[]) =>
    site.client.readContract({
      address,
      abi: curieAbi,
      functionName,
      args,
      blockNumber: BigInt(report.block.number),
    } as never) as Promise<bigint>;
  const value = await read(clearingHouse, "getAccountValue", [adapter]);
  const exposure = await read(accountBalance, "getTotalAbsPositionValue", [adapter]);
  const free = await read(marginVault, "getFreeCollateral", [adapter]);
  const size = await read(accountBalance, "getTakerPositionSize", [adapter, market]);
  expect(line.sizeE18).toBe(size.toString());
  expect(line.freeMarginRaw).toBe(free.toString());
  expect(line.accountValueUsd).toBe(Number(value) / WAD);
  expect(line.marginRatio).toBe(exposure === 0n ? null : Number(value) / Number(exposure));
  const notional = await read(accountBalance, "getTakerOpenNotional", [adapter, market]);
  expect(line.openNotionalUsd).toBeCloseTo(-Number(notional) / WAD, 9);
  const pending = await read(exchange, "getPendingFundingPayment", [adapter, market]);
  expect(line.pendingFundingUsd).toBe(Number(pending) / WAD);
  expect(line.markUsd).toBe(Number(await read(accountBalance, "getMarkPrice", [market])) / WAD);
  expect(line.indexUsd).toBe(Number(await read(market, "getIndexPrice", [3n])) / WAD);
  const held = value / 10n ** 12n < free ? value / 10n ** 12n : free;
  const told = report.collateral.find((one) => one.location === "venue-margin");
  expect(told?.amountRaw ?? "0").toBe(held.toString());
}

/** The checker, which shares no code with the agent, sees the same position and worth. */
async function expectCheckersNumbers(report: ShardReport): Promise<void> {
  const state = await readChainState(observeChain(site.chain), BigInt(report.block.number));
  const line = lineOf(report);
  const { net, navUsd } = bookRisk([state], world.description.policy);
  expect(net["ETH"]?.perpUnits).toBeCloseTo(Number(line.sizeE18) / WAD, 12);
  expect(net["ETH"]?.netDeltaUnits).toBeCloseTo(Number(line.sizeE18) / WAD, 12);
  const cash = report.collateral.find((one) => one.location === "vault");
  expect(navUsd).toBeCloseTo(Number(cash?.amountRaw ?? 0) / 1e6 + line.accountValueUsd, 4);
}

/** Feed, index and pool at another price, as a market would bring them there. */
async function shock(priceUsd: number): Promise<void> {
  await attended.feeds.hold();
  const eth = site.chain.underlyings.find((one) => one.ticker === "ETH");
  const perpMarket = { ...curie(), ...marketOf() };
  await pushPrice(site.market, eth?.feed ?? perpMarket.market, priceUsd);
  await updateIndex(site.market, perpMarket);
  await movePool(priceUsd);
  if (priceUsd === START_USD) attended.feeds.keepFresh();
}

async function movePool(priceUsd: number): Promise<void> {
  const lane = openLane(site.client, world.keys.account("arbitrageur"), 50);
  await arbitragePerp(site.client, lane, { ...curie(), ...marketOf() }, priceUsd);
}

/** A call that only Curie's owner may make. */
async function asOwner(to: Address, functionName: "pause" | "unpause"): Promise<void> {
  const data = encodeFunctionData({ abi: curieAbi, functionName });
  await openLane(site.client, world.keys.account("deployer"), 50).send({
    label: functionName,
    to,
    data,
    gas: GAS,
  });
}

function margin(change: Partial<MarginMoveParams>): MarginMoveParams {
  return {
    kind: "margin-move",
    venue: curie().adapter,
    asset: site.chain.settlement.token,
    amountRaw: String(1_000n * USDX),
    minReceiptRaw: "0",
    minMarginRatioE18: String(10n ** 17n),
    minCapitalAfterRaw: "0",
    ...change,
  };
}

/** At the worst price the vault's slippage limit of 5 % allows. */
function perp(change: Partial<PerpChangeParams>): PerpChangeParams {
  const params: PerpChangeParams = {
    kind: "perp-change",
    venue: curie().adapter,
    market: marketOf().market,
    sizeE18: String(10n ** 18n),
    worstPriceE8: "0",
    minMarginRatioE18: String(10n ** 17n),
    minCapitalAfterRaw: "0",
    ...change,
  };
  if (params.worstPriceE8 !== "0") return params;
  return {
    ...params,
    worstPriceE8: usdE8(START_USD * (BigInt(params.sizeE18) > 0n ? 1.045 : 0.955)),
  };
}

/** As anybody may below the maintenance margin. */
async function liquidate(): Promise<void> {
  const args = [curie().adapter, marketOf().market] as const;
  const data = encodeFunctionData({ abi: curieAbi, functionName: "liquidate", args });
  const lane = openLane(site.client, world.keys.account("arbitrageur"), 50);
  await lane.send({ label: "liquidate", to: curie().clearingHouse, data, gas: GAS });
}

async function planned(params: JobParams, change: Partial<JobOptions> = {}) {
  const planner = world.keys.account("planner");
  const epoch = Number(await site.vaultRead("epoch"));
  return plannedJob({
    chain: site.chain,
    params,
    leader: planner.address,
    epoch,
    signer: planner,
    ...change,
  });
}

function freeMarginRaw(report: ShardReport): bigint {
  return BigInt(lineOf(report).freeMarginRaw);
}

function usdE8(usd: number): string {
  return BigInt(Math.round(usd * 1e8)).toString();
}

function lineOf(report: ShardReport): PerpLine {
  const [line] = report.perps;
  if (line === undefined) throw new Error("a perpetual line expected");
  return line;
}

function curie() {
  const { curie: found } = site.chain.positionVenues;
  if (found === null) throw new Error("Curie expected on the third chain");
  return found;
}

function marketOf() {
  const [market] = curie().markets;
  if (market === undefined) throw new Error("a market expected");
  return market;
}
