import { encodeFunctionData, padHex, parseAbi, toHex } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BucketExposure } from "#coordinator/records/planning/bucket-exposure.ts";
import { lyraV1AdapterAbi } from "#shared/evm/abi/lyra-v1-adapter.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { DAY_MS } from "#shared/units/time.ts";
import type { JobParams, OptionTradeParams } from "#shared/wire/rebalance-job.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { accountFaults } from "#test/local/check/accounts/vault-accounts.ts";
import { readHistory } from "#test/local/check/read-history.ts";
import { POSITION_VENUE_CAP_RAW, VAULT_LIMITS } from "#test/local/deploy/world-parameters.ts";
import { observeChain } from "#test/local/observe/chain-client.ts";
import type { World } from "#test/local/world.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { sellOptions } from "#test/support/agent/vault-trades.ts";
import { type AttendedWorld, openAttendedWorld } from "#test/support/chain/attended-world.ts";
import { refreshFeeds } from "#test/support/chain/fresh-feeds.ts";
import { mismatchOf, mismatchOfNewest } from "#test/support/coordinator/audit-site.ts";
import { policyFileWith, startCoordinator } from "#test/support/coordinator/coordinator-process.ts";
import { plannedJob } from "#test/support/coordinator/planner.ts";

const lyraAbi = parseAbi([
  "struct Position { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }",
  "function getOwnerPositions(address target) view returns (Position[])",
  "function balanceOf(address owner) view returns (uint256)",
]);
const ratesAbi = parseAbi(["function setRateAndInvalid(bytes32 key, uint256 rate, bool invalid)"]);
const GAS = 2_000_000n;
const CASH_RAW = 60_000_000_000n;
/** Lyra's own rate and carry. */
const LYRA_RATE = 0.05;
const FIVE = 5n * 10n ** 18n;

let attended: AttendedWorld;
let world: World;
let site: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({ seed: 43, chains: 2, open: [0, 1], led: [0] });
  world = attended.world;
  const [first] = attended.sites;
  if (first === undefined) throw new Error("two sites expected");
  site = first;
});

afterAll(() => attended?.close());

describe("options at Lyra", () => {
  test("the report shows every series with depth, and Lyra's Greeks in our units", async () => {
    // The account trades a strike once it has known its volatility for as long as it takes the mean of.
    const hasDepth = ({ optionMarkets }: ShardReport) =>
      optionMarkets.some(({ series }) => series.every(({ buy }) => buy.length > 0));
    const report = await site.reportWith(hasDepth);
    const { series, ...market } = marketOf(report);
    expect(market).toMatchObject({
      venue: "lyra-v1",
      underlying: "ETH",
      isStale: false,
      acceptsTrades: true,
      cashRaw: "0",
    });
    expect(series).toHaveLength(12);
    for (const one of series) {
      const [small, large] = one.buy;
      const unit = Number(small?.costE18) / Number(small?.quantityE18);
      // Lyra's fee is 1 % of spot and of the premium; the rest is its spread on volatility.
      expect(unit).toBeGreaterThan(one.premiumUsd);
      expect(unit).toBeLessThan(one.premiumUsd + 0.025 * market.spotUsd);
      expect(Number(large?.costE18) / Number(large?.quantityE18)).toBeGreaterThan(unit);
      expect(one.sell).toEqual([]);
      const years = (one.expiryMs - report.block.timestampMs) / (365 * DAY_MS);
      const ours = blackScholes({
        type: one.type,
        spotUsd: market.spotUsd,
        strikeUsd: one.strikeUsd,
        years,
        volatility: one.volatility,
        rate: LYRA_RATE,
      });
      // Seconds passed since Lyra computed its own: that, and its fixed point, is all that differs.
      expect(one.deltaUnits).toBeCloseTo(ours.deltaUnits, 4);
      expect(one.premiumUsd).toBeCloseTo(ours.priceUsd, 0);
      expect(one.vegaUsdPerVolPoint / ours.vegaUsdPerVolPoint).toBeCloseTo(1, 3);
    }
    expect(report.inventories).toMatchObject([{ underlying: "ETH", isStale: false, lines: [] }]);
    expect(report.inventories[0]?.netAssetValueUsd).toBeGreaterThan(2_900_000);
  });

  test("a long is bought with cash placed by mandate, and stands in the report as at Lyra", async () => {
    const funded = await run(funding(CASH_RAW));
    expect(funded.consumedJobs.at(-1)).toMatchObject({ action: 4 });
    expect(marketOf(funded).cashRaw).toBe(CASH_RAW.toString());
    const left = POSITION_VENUE_CAP_RAW - CASH_RAW;
    expect(funded.caps?.venues).toEqual([
      { adapter: lyra().adapter, leftRaw: left.toString(), mayGrow: true },
    ]);
    expect(funded.caps?.tradesLeftRaw).toBe(VAULT_LIMITS.swapWindowCap.toString());
    const wanted = pick(funded);
    const asked = Number(wanted.buy[0]?.costE18) / Number(FIVE);
    const report = await run(trade({ quantityE18: FIVE.toString() }, wanted, asked * 1.01));
    const [position] = await lyraPositions(report);
    expect(position).toMatchObject({ amount: FIVE, strikeId: BigInt(wanted.strikeId), state: 1 });
    const line = report.book.find(({ venue }) => venue === "lyra-v1");
    const { seriesId, type, strikeUsd, expiryMs } = wanted;
    expect(line).toMatchObject({ seriesId, type, strikeUsd, expiryMs, quantity: 5 });
    const paidRaw = CASH_RAW - BigInt(marketOf(report).cashRaw);
    // What was asked is what was paid, but for the interest of a few seconds and rounding.
    expect(Number(paidRaw) / 1e6 / 5 / asked).toBeCloseTo(1, 3);
    // Five options are counted at the value of five ETH, and a little has drained since.
    const countedUsd =
      Number(VAULT_LIMITS.swapWindowCap - BigInt(report.caps?.tradesLeftRaw ?? 0)) / 1e6;
    expect(countedUsd).toBeLessThanOrEqual(5 * marketOf(report).spotUsd + 1);
    const job = report.consumedJobs.at(-1);
    expect(job).toMatchObject({ action: 6, amountInRaw: paidRaw.toString() });
    expect(job?.amountOutRaw).toBe(FIVE.toString());
    const { gasUsed } = await site.client.getTransactionReceipt({
      hash: job?.transactionHash ?? "0x",
    });
    expect(Number(gasUsed)).toBeLessThan(marketOf(report).gasUnits);
    expect(wanted.mostToOpenUsd).toBeGreaterThan(asked);
    expect(wanted.leastToCloseUsd).toBeLessThan(wanted.premiumUsd);
    const pool = report.inventories[0]?.lines.find((one) => one.seriesId === seriesId);
    expect(pool).toMatchObject({ quantity: -5 });
    const held = report.collateral.find(({ location }) => location === "venue-margin");
    expect(held).toMatchObject({ asset: "USDX", amountRaw: marketOf(report).cashRaw });
    const sold = seriesOf(report, seriesId);
    expect(sold).toMatchObject({ heldE18: FIVE.toString() });
    expect(Number(sold.sell[0]?.costE18)).toBeGreaterThan(0);
  });

  test("the coordinator's own reading agrees with what is reported, and with no lie about it", async () => {
    expect(await mismatchOfNewest(site)).toBeUndefined();
    const report = await site.newestReport();
    const lying = (change: Partial<typeof report>) => mismatchOf(site, { ...report, ...change });
    const more = report.book.map((line) => ({ ...line, quantity: line.quantity * 2 }));
    expect((await lying({ book: more }))?.said).toContain("quantity 10");
    const other = report.book.map((line) => ({ ...line, underlying: "BTC" }));
    expect((await lying({ book: other }))?.said).toContain("underlying btc");
    const none = report.book.filter(({ venue }) => venue !== "lyra-v1");
    expect((await lying({ book: none }))?.said).toContain("nothing");
  });

  test("its delta and vega are Lyra's but for the carry and the surface", async () => {
    const report = await site.newestReport();
    const line = report.book.find(({ venue }) => venue === "lyra-v1");
    const theirs = seriesOf(report, line?.seriesId ?? "");
    const greeks = report.greeks.find(
      (one) => one.underlying === "ETH" && one.expiryMs === line?.expiryMs,
    );
    // Ours: no carry, and the shard's own surface (0.6 at the money against Lyra's 0.65 and its impact).
    expect((greeks?.deltaUnits ?? 0) / 5).toBeCloseTo(theirs.deltaUnits, 1);
    expect((greeks?.vegaUsdPerVolPoint ?? 0) / 5 / theirs.vegaUsdPerVolPoint).toBeCloseTo(1, 1);
  });

  test("closing brings the cash back, and every unit of the vault is accounted for", async () => {
    const before = await site.newestReport();
    const line = before.book.find(({ venue }) => venue === "lyra-v1");
    const held = seriesOf(before, line?.seriesId ?? "");
    const offered = Number(held.sell[0]?.costE18) / Number(FIVE);
    const closed = await run(trade({ quantityE18: `-${FIVE}` }, held, offered * 0.99));
    expect(closed.book.some(({ venue }) => venue === "lyra-v1")).toBe(false);
    expect(await lyraPositions(closed)).toEqual([]);
    const cashRaw = BigInt(marketOf(closed).cashRaw);
    const gotRaw = cashRaw - BigInt(marketOf(before).cashRaw);
    expect(Number(gotRaw) / 1e6 / 5 / offered).toBeCloseTo(1, 3);
    const home = await run(funding(-cashRaw));
    expect(marketOf(home).cashRaw).toBe("0");
    const history = await readHistory(observeChain(site.chain), await site.client.getBlockNumber());
    expect(accountFaults(history)).toEqual([]);
  });

  test("another account or market and a premium far off are refused before gas is spent", async () => {
    await run(funding(20_000_000_000n));
    const wanted = pick(await site.newestReport());
    const asked = Number(wanted.buy[0]?.costE18) / Number(FIVE);
    const buy = (change: Partial<OptionTradeParams>, premiumUsd = asked * 1.01) =>
      submit(trade({ quantityE18: FIVE.toString(), ...change }, wanted, premiumUsd));
    const { vault } = site.chain.contracts;
    expect(await buy({ venue: vault })).toMatchObject({ reason: "venue-not-allowed" });
    expect(await buy({ market: vault })).toMatchObject({ reason: "venue-not-allowed" });
    expect(await buy({}, asked * 3)).toMatchObject({
      reason: "simulation-reverted",
      detail: expect.stringContaining("VenueDesk_PriceOutsideLimit"),
    });
    expect(await buy({}, asked * 0.9)).toMatchObject({ reason: "simulation-reverted" });
    expect(await buy({ quantityE18: `-${FIVE}` }, asked * 0.8)).toMatchObject({
      reason: "simulation-reverted",
    });
  });

  test("caches that a move of the price made stale are refreshed by the agent, and trades go on", async () => {
    const before = await site.newestReport();
    const { spotUsd } = marketOf(before);
    await setLyraPrice(spotUsd * 1.06);
    const fresh = await site.reportWith((one) => {
      return marketOf(one).spotUsd > spotUsd * 1.05 && !marketOf(one).isStale;
    });
    expect(marketOf(fresh).acceptsTrades).toBe(true);
    // Those of the caches before it: Lyra computes nothing until it is told to.
    expect(pick(fresh).deltaUnits).toBeGreaterThan(pick(before).deltaUnits + 0.01);
    await setLyraPrice(spotUsd);
    await site.reportWith((one) => {
      return marketOf(one).spotUsd < spotUsd * 1.01 && !marketOf(one).isStale;
    });
  });

  test("a bucket beyond its limit is brought back by the coordinator: cash first, then longs", async () => {
    const { cashRaw } = marketOf(await site.newestReport());
    if (cashRaw !== "0") await run(funding(-BigInt(cashRaw)));
    await sellOptions(world, site, [{ type: "call", expiryIndex: 2, quantity: 20 }]);
    const since = (await site.newestReport()).block.number;
    const coordinator = await startCoordinator(world, {
      change: () => ({ policyFile: policyFileWith(world, tightVega) }),
    });
    const before = await coordinator.until("/v1/risk", (answer) => usageOf(answer.body) > 1);
    const bought = await site.reportWith((one) => {
      return one.book.some(({ venue }) => venue === "lyra-v1");
    });
    const actions = bought.consumedJobs
      .filter(({ blockNumber }) => blockNumber > since)
      .map(({ action }) => action);
    expect(actions).toContain(4);
    expect(actions.indexOf(6)).toBeGreaterThan(actions.indexOf(4));
    const positions = await lyraPositions(bought);
    expect(positions.length).toBeGreaterThan(0);
    const after = await coordinator.until("/v1/risk", (answer) => usageOf(answer.body) <= 1);
    expect(usageOf(after.body)).toBeLessThan(usageOf(before.body));
    const history = await readHistory(observeChain(site.chain), await site.client.getBlockNumber());
    expect(accountFaults(history)).toEqual([]);
    const { body } = await coordinator.get("/v1/jobs?limit=100");
    const trades = (body["jobs"] as JobView[]).filter(({ kind }) => kind === "option-trade");
    expect(trades.length).toBeGreaterThan(0);
    // Every one finds the cash it may take at its worst: none is refused, unless it comes too late on a busy machine.
    const refusals = trades.flatMap(({ refusal }) => refusal?.reason ?? []);
    expect(refusals.filter((reason) => reason !== "expired")).toEqual([]);
    coordinator.kill("SIGTERM");
    expect(await coordinator.exitCode).toBe(0);
  });
});

test("longs that ended are settled at Lyra by the agent, and anybody brings the payout home", async () => {
  const before = await site.newestReport();
  const held = before.book.filter(({ venue }) => venue === "lyra-v1");
  expect(held.length).toBeGreaterThan(0);
  const lastMs = Math.max(...held.map(({ expiryMs }) => expiryMs));
  const aheadMs = lastMs - before.block.timestampMs;
  // Lyra pays at the price it reads when a board is settled: in the money for calls and puts at once it cannot be.
  const spotUsd = marketOf(before).spotUsd;
  const isCall = held.some(({ type }) => type === "call");
  await setLyraPrice(spotUsd * (isCall ? 1.3 : 0.7));
  await rpc(site.chain.rpcUrl, "evm_increaseTime", [Math.ceil(aheadMs / 1000) + 60]);
  const positions = await waitFor(
    async () => {
      const blockNumber = Number(await site.client.getBlockNumber());
      return lyraPositions({ block: { number: blockNumber } });
    },
    (all) => all.length === 0,
    "settled positions",
  );
  expect(positions).toEqual([]);
  const payoutRaw = await site.tokenBalance(lyra().quoteToken, lyra().adapter);
  expect(payoutRaw).toBeGreaterThan(0n);
  const data = encodeFunctionData({ abi: lyraV1AdapterAbi, functionName: "collect" });
  await refreshFeeds(world, site);
  await site.user.send({ label: "collect", to: lyra().adapter, data, gas: GAS });
  expect(await site.tokenBalance(lyra().quoteToken, lyra().adapter)).toBeLessThan(10n ** 13n);
  const history = await readHistory(observeChain(site.chain), await site.client.getBlockNumber());
  expect(accountFaults(history)).toEqual([]);
  expect(history.optionVenue?.series.every(({ heldE18 }) => heldE18 === 0n)).toBe(true);
});

type JobView = { readonly kind: string; readonly refusal: { readonly reason: string } | null };

const VEGA_LIMIT = 40;

/** A limit on vega that a sale of twenty calls exceeds, and a price of it that Lyra's fees are worth. */
function tightVega(policy: Policy): Policy {
  const { ETH } = policy.underlyings;
  if (ETH === undefined) throw new Error("ETH expected in the policy");
  return {
    ...policy,
    underlyings: { ...policy.underlyings, ETH: { ...ETH, vegaLimitUsdPerVolPoint: VEGA_LIMIT } },
    options: { ...policy.options, premiumOverFairMaxFraction: 0.5, vegaPenaltyUsd: 100 },
  };
}

/** Largest usage of ETH's vega limit over the expiry buckets; 0 before the first pass. */
function usageOf(body: Record<string, unknown>): number {
  const net = body["net"] as Record<string, { buckets: BucketExposure[] }> | undefined;
  const buckets = net?.["ETH"]?.buckets ?? [];
  return Math.max(0, ...buckets.map((one) => one.vegaUsdPerVolPoint.usage ?? 0));
}

async function setLyraPrice(usd: number): Promise<void> {
  const rate = BigInt(Math.round(usd)) * 10n ** 18n;
  const name = padHex(toHex("sETH"), { size: 32, dir: "right" });
  const args = [name, rate, false] as const;
  const data = encodeFunctionData({ abi: ratesAbi, functionName: "setRateAndInvalid", args });
  await site.market.send({ label: "move Lyra's price", to: lyra().rates, data, gas: GAS });
}

function lyra() {
  const { lyraV1 } = site.chain.positionVenues;
  if (lyraV1 === null) throw new Error("Lyra expected on the first chain");
  return lyraV1;
}

function marketOf(report: ShardReport): ShardReport["optionMarkets"][number] {
  const [market] = report.optionMarkets;
  if (market === undefined) throw new Error("an option market expected");
  return market;
}

function seriesOf(report: ShardReport, seriesId: string) {
  const found = marketOf(report).series.find((one) => one.seriesId === seriesId);
  if (found === undefined) throw new Error(`no series ${seriesId}`);
  return found;
}

/** The middle call of the later board. */
function pick(report: ShardReport) {
  const calls = marketOf(report).series.filter(({ type }) => type === "call");
  const last = Math.max(...calls.map(({ expiryMs }) => expiryMs));
  const [, middle] = calls.filter(({ expiryMs }) => expiryMs === last);
  if (middle === undefined) throw new Error("three calls expected");
  return middle;
}

function lyraPositions(report: { readonly block: { readonly number: number } }) {
  return site.client.readContract({
    address: lyra().optionToken,
    abi: lyraAbi,
    functionName: "getOwnerPositions",
    args: [lyra().adapter],
    blockNumber: BigInt(report.block.number),
  });
}

function funding(amountRaw: bigint): JobParams {
  return {
    kind: "margin-move",
    venue: lyra().adapter,
    asset: site.chain.settlement.token,
    amountRaw: amountRaw.toString(),
    minReceiptRaw: (amountRaw < 0n ? -amountRaw : amountRaw).toString(),
    minMarginRatioE18: "0",
    minCapitalAfterRaw: "0",
  };
}

function trade(
  change: Partial<OptionTradeParams>,
  wanted: { readonly strikeId: string; readonly type: "call" | "put" },
  premiumUsd: number,
): JobParams {
  return {
    kind: "option-trade",
    venue: lyra().adapter,
    market: lyra().market,
    strikeId: wanted.strikeId,
    optionType: wanted.type,
    quantityE18: "0",
    worstPremiumE8: BigInt(Math.round(premiumUsd * 1e8)).toString(),
    minCapitalAfterRaw: "0",
    ...change,
  };
}

async function planned(params: JobParams) {
  const planner = world.keys.account("planner");
  return plannedJob({
    chain: site.chain,
    params,
    leader: planner.address,
    epoch: 1,
    signer: planner,
  });
}

async function submit(params: JobParams) {
  return site.run(await planned(params));
}

/** Executes and returns the first report that tells of it. */
async function run(params: JobParams): Promise<ShardReport> {
  const job = await planned(params);
  expect(await site.run(job)).toMatchObject({ outcome: "broadcast" });
  const { jobId } = job.mandate;
  const report = await site.reportWith((one) =>
    one.consumedJobs.some((consumed) => consumed.jobId === jobId),
  );
  await waitFor(
    () => site.receiptsOf(jobId),
    (all) => all.some((one) => one.outcome === "included"),
    `receipt of ${params.kind}`,
  );
  return report;
}
