import { type Abi, encodeFunctionData, erc20Abi, getAddress, maxUint256, parseAbi } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aaveV3Venue } from "#shard-agent/venues/aave-v3.ts";
import type { Address } from "#shared/units/ids.ts";
import type { CapacityLine, LendingLine, ShardReport } from "#shared/wire/shard-report.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { startWorld, type World } from "#test/local/world.ts";
import { type AgentSite, openSite } from "#test/support/agent/agent-site.ts";
import { leadVault } from "#test/support/agent/swap-job.ts";
import { mining } from "#test/support/chain/reorganise.ts";
import { plannedJob, vaultCall } from "#test/support/coordinator/planner.ts";

/**
 * What the agent says of Uniswap and Aave against the protocols' own readers and against what really
 * happens: every figure's unit, decimals, sign and day count. The table is in docs/adding-a-venue.md.
 */
const routerAbi = parseAbi([
  "struct In { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountIn; uint256 amountOutMinimum; uint160 sqrtPriceLimitX96; }",
  "struct Out { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountOut; uint256 amountInMaximum; uint160 sqrtPriceLimitX96; }",
  "function exactInputSingle(In params) payable returns (uint256 amountOut)",
  "function exactOutputSingle(Out params) payable returns (uint256 amountIn)",
]);
const poolAbi = parseAbi([
  "function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint8, bool)",
  "function observe(uint32[] secondsAgos) view returns (int56[] tickCumulatives, uint160[])",
  "function fee() view returns (uint24)",
]);
const aaveAbi = parseAbi([
  "function getUserAccountData(address user) view returns (uint256 totalCollateralBase, uint256 totalDebtBase, uint256 availableBorrowsBase, uint256 currentLiquidationThreshold, uint256 ltv, uint256 healthFactor)",
  "function borrow(address asset, uint256 amount, uint256 rateMode, uint16 referralCode, address onBehalfOf)",
]);
const providerAbi = parseAbi([
  "function getReserveData(address asset) view returns (uint256 unbacked, uint256 accruedToTreasury, uint256 totalAToken, uint256 totalStableDebt, uint256 totalVariableDebt, uint256 liquidityRate, uint256 variableBorrowRate, uint256 stableBorrowRate, uint256 averageStableBorrowRate, uint256 liquidityIndex, uint256 variableBorrowIndex, uint40 lastUpdateTimestamp)",
  "function getReserveConfigurationData(address asset) view returns (uint256 decimals, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus, uint256 reserveFactor, bool, bool, bool, bool, bool)",
]);

const GAS = 2_000_000n;
const YEAR_SECONDS = 365 * 86_400;
const SUPPLY_RAW = 300_000_000_000n;
let world: World;
let site: AgentSite;
let user: Address;
/** Of a block after which nobody trades or lends. */
let report: ShardReport;

beforeAll(async () => {
  const processes = { coordinator: false, market: false, takers: false, lzWorker: false };
  world = await startWorld({ chains: 2, seed: 44, processes });
  const chain = world.description.chains[1];
  if (chain === undefined) throw new Error("two chains expected");
  site = openSite(world, chain);
  user = world.keys.account("user").address;
  await leadVault(world, site);
  await supplyToAave();
  for (const { token } of [chain.settlement, ...chain.underlyings]) {
    const args = [chain.contracts.swapRouter, maxUint256] as const;
    const data = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args });
    await site.user.send({ label: "approve", to: token, data, gas: GAS });
  }
  const head = Number(await site.client.getBlockNumber());
  report = await site.reportWith((one) => one.block.number > head && one.capacity.length === 2);
});

afterAll(async () => {
  await site?.close();
  await world?.stop();
});

describe("Uniswap", () => {
  test("every point of the depth is what the router pays for that input, to the last unit", async () => {
    for (const line of report.capacity) {
      for (const side of ["buy", "sell"] as const) {
        expect(line[side]).toHaveLength(6);
        for (const { amountInRaw, amountOutRaw } of line[side]) {
          const { result } = await swap(line, side, "exactInputSingle", BigInt(amountInRaw));
          expect(result.toString()).toBe(amountOutRaw);
        }
      }
    }
  });

  test("an exact output of a point's amount costs its input, but for what rounding leaves", async () => {
    for (const line of report.capacity) {
      for (const side of ["buy", "sell"] as const) {
        for (const { amountInRaw, amountOutRaw } of line[side]) {
          const { result } = await swap(line, side, "exactOutputSingle", BigInt(amountOutRaw));
          expect(result).toBeLessThanOrEqual(BigInt(amountInRaw));
          // One unit of the output is worth this much of the input, and no more is lost.
          const unit = BigInt(amountInRaw) / BigInt(amountOutRaw) + 1n;
          expect(BigInt(amountInRaw) - result).toBeLessThanOrEqual(unit);
        }
      }
    }
  });

  test("the fee is a fraction: hundredths of a basis point, divided by a million", async () => {
    for (const line of report.capacity) {
      const fee = await pool(line, "fee");
      expect(line.feeFraction).toBe(Number(fee) / 1e6);
    }
  });

  test("where a pool is against its mean is said of the underlying's price, up as positive", async () => {
    expect(report.capacity.map((line) => line.meanPrice?.spotOverMeanFraction)).toEqual([0, 0]);
    const [line] = report.capacity;
    const largest = line?.buy.at(-1);
    if (line === undefined || largest === undefined) throw new Error("depth expected");
    const before = await balanceOf(line.token);
    const bought = encodeFunctionData({
      abi: routerAbi,
      functionName: "exactInputSingle",
      args: [inputOf(line, "buy", BigInt(largest.amountInRaw))],
    });
    const router = site.chain.contracts.swapRouter;
    const snapshot = await rpc(site.chain.rpcUrl, "evm_snapshot");
    // A few blocks later the mean has followed: the block with the purchase stays the newest.
    await mining(site, false);
    const hash = await site.user.submit({ label: "buy", to: router, data: bought, gas: GAS });
    await rpc(site.chain.rpcUrl, "evm_mine");
    await site.user.receipt(hash, "buy");
    expect(((await balanceOf(line.token)) - before).toString()).toBe(largest.amountOutRaw);
    const moved = await site.reportWith((one) => offMean(one, line) !== 0);
    const at = { blockNumber: BigInt(moved.block.number) };
    const slot = (await pool(line, "slot0", [], at)) as readonly [bigint, number];
    const window = line.meanPrice?.windowSeconds ?? 0;
    const [sums] = (await pool(line, "observe", [[window, 0]], at)) as [readonly bigint[]];
    const mean = Math.floor(Number((sums[1] ?? 0n) - (sums[0] ?? 0n)) / window);
    const isFirst = BigInt(line.token) < BigInt(site.chain.settlement.token);
    const ratio = 1.0001 ** ((slot[1] - mean) * (isFirst ? 1 : -1));
    expect(offMean(moved, line)).toBeCloseTo(ratio - 1, 12);
    expect(ratio).toBeGreaterThan(1);
    expect(moved.capacity.find((one) => one.pool === line.pool)?.acceptsTrades).toBe(true);
    await rpc(site.chain.rpcUrl, "evm_revert", [snapshot]);
    await mining(site, true);
  });
});

describe("Aave", () => {
  test("the rate is simple, per year of 365 days: after thirty days the balance has grown by just that", async () => {
    const [before, startSeconds] = await readAave();
    await untouched(async () => {
      await passSeconds(30 * 86_400);
      const [after, endSeconds] = await readAave();
      const years = (endSeconds - startSeconds) / YEAR_SECONDS;
      const reserve = await reserveData();
      // Interest runs from Aave's last update on, at the rate of then, on the whole of the balance.
      const sinceUpdate = (startSeconds - Number(reserve[11])) / YEAR_SECONDS;
      const rate = before.supplyRatePerYear;
      const growth = (1 + rate * (sinceUpdate + years)) / (1 + rate * sinceUpdate);
      expect(Number(after.suppliedRaw)).toBeCloseTo(Number(before.suppliedRaw) * growth, -1);
      expect(Number(after.suppliedRaw)).toBeGreaterThan(Number(before.suppliedRaw) * 1.0001);
    });
  });

  test("the rate is what borrowers pay times the share lent, less the reserve's part", async () => {
    const reserve = await reserveData();
    const { settlement } = site.chain;
    const configuration = await provider("getReserveConfigurationData", [settlement.token]);
    const reserveFactor = Number((configuration as readonly bigint[])[4]) / 1e4;
    const [total, debt, borrowRate] = [reserve[2], reserve[4], reserve[6]].map(Number);
    const expected =
      (((borrowRate ?? 0) / 1e27) * (debt ?? 0) * (1 - reserveFactor)) / (total ?? 1);
    const [line] = await readAave();
    expect(line.supplyRatePerYear / expected).toBeCloseTo(1, 4);
    expect(line.supplyRatePerYear).toBe(Number(reserve[5]) / 1e27);
  });

  test("the health factor is a fraction of Aave's own: collateral times threshold over debt, null without debt", async () => {
    expect((await readAave())[0].healthFactor).toBeNull();
    await untouched(async () => {
      await borrowInTheAccountsName(20n * 10n ** 18n);
      const [line] = await readAave();
      const account = await accountData();
      const [collateral, debt, , threshold, , health] = account;
      expect(line.healthFactor).toBe(Number(health) / 1e18);
      const own = (Number(collateral) * (Number(threshold) / 1e4)) / Number(debt);
      expect(line.healthFactor).toBeCloseTo(own, 6);
      // Aave's base currency is USD with 8 decimals: 300,000 USDX at 1 USD, 20 ETH at 3,000 USD.
      expect(Number(collateral) / 1e8).toBeCloseTo(300_000, 0);
      expect(Number(debt) / 1e8).toBeCloseTo(60_000, 0);
    });
  });

  test("what it keeps is in the asset's own decimals, and what it could pay out is there", async () => {
    const [line] = await readAave();
    const reserve = await reserveData();
    expect(BigInt(line.suppliedRaw)).toBeGreaterThanOrEqual(SUPPLY_RAW - 2n);
    expect(BigInt(line.suppliedRaw)).toBeLessThan(SUPPLY_RAW + 10n ** 6n);
    expect(line.decimals).toBe(site.chain.settlement.decimals);
    const there = Number((reserve[2] ?? 0n) - (reserve[4] ?? 0n));
    expect(Number(line.availableRaw) / there).toBeCloseTo(1, 6);
    expect(line.oracleUpdatedAtMs % 1000).toBe(0);
  });
});

type Side = "buy" | "sell";

function pairOf(line: CapacityLine, side: Side): readonly [Address, Address] {
  const cash = site.chain.settlement.token;
  return side === "buy" ? [cash, line.token] : [line.token, cash];
}

function common(line: CapacityLine, side: Side) {
  const [tokenIn, tokenOut] = pairOf(line, side);
  const fee = Math.round(line.feeFraction * 1e6);
  const ends = { recipient: user, deadline: maxUint256, sqrtPriceLimitX96: 0n };
  return { tokenIn, tokenOut, fee, ...ends };
}

function inputOf(line: CapacityLine, side: Side, amountIn: bigint) {
  return { ...common(line, side), amountIn, amountOutMinimum: 0n };
}

/** The router itself, executed at the report's block in the name of somebody who can pay. */
function swap(
  line: CapacityLine,
  side: Side,
  functionName: "exactInputSingle" | "exactOutputSingle",
  amount: bigint,
): Promise<{ readonly result: bigint }> {
  const output = { ...common(line, side), amountOut: amount, amountInMaximum: maxUint256 };
  const params = functionName === "exactInputSingle" ? inputOf(line, side, amount) : output;
  return site.client.simulateContract({
    address: site.chain.contracts.swapRouter,
    abi: routerAbi,
    functionName,
    args: [params],
    account: user,
    blockNumber: BigInt(report.block.number),
  } as never) as Promise<{ result: bigint }>;
}

function pool(
  line: CapacityLine,
  functionName: "slot0" | "observe" | "fee",
  args: readonly unknown[] = [],
  at: object = {},
): Promise<unknown> {
  const call = { address: line.pool, abi: poolAbi, functionName, args, ...at };
  return site.client.readContract(call as never);
}

function balanceOf(token: Address): Promise<bigint> {
  return site.tokenBalance(token, user);
}

function offMean(one: ShardReport, { pool: address }: CapacityLine): number {
  const line = one.capacity.find((candidate) => candidate.pool === address);
  return line?.meanPrice?.spotOverMeanFraction ?? 0;
}

function aave() {
  const { aaveV3 } = site.chain.positionVenues;
  if (aaveV3 === null) throw new Error("Aave expected on the second chain");
  return aaveV3;
}

/** The line of the settlement asset and the block's time in seconds. */
async function readAave(): Promise<[LendingLine, number]> {
  const { number: blockNumber, timestamp } = await site.client.getBlock();
  const { settlement } = site.chain;
  const venue = aaveV3Venue({ settlement, underlyings: [] }, aave());
  const { lending } = await venue.read(({ abi, to, name, args }) =>
    site.client.readContract({
      address: to,
      abi: abi as Abi,
      functionName: name,
      args: [...args],
      blockNumber,
    }),
  );
  const line = lending.find((one) => getAddress(one.token) === getAddress(settlement.token));
  if (line === undefined) throw new Error("no line of the settlement asset");
  return [line, Number(timestamp)];
}

function provider(functionName: string, args: readonly unknown[]): Promise<unknown> {
  const call = { address: aave().dataProvider, abi: providerAbi, functionName, args };
  return site.client.readContract(call as never);
}

async function reserveData(): Promise<readonly bigint[]> {
  return (await provider("getReserveData", [site.chain.settlement.token])) as readonly bigint[];
}

async function accountData(): Promise<readonly bigint[]> {
  const { pool: address, adapter } = aave();
  const call = { address, abi: aaveAbi, functionName: "getUserAccountData", args: [adapter] };
  return (await site.client.readContract(call as never)) as readonly bigint[];
}

async function supplyToAave(): Promise<void> {
  const planner = world.keys.account("planner");
  const job = await plannedJob({
    chain: site.chain,
    params: {
      kind: "lend-move",
      venue: aave().adapter,
      asset: site.chain.settlement.token,
      amountRaw: SUPPLY_RAW.toString(),
      minReceiptRaw: (SUPPLY_RAW - 2n).toString(),
      minHealthFactorE18: "0",
      minCapitalAfterRaw: "0",
    },
    leader: planner.address,
    epoch: 1,
    signer: planner,
  });
  const { venueDesk } = site.chain.contracts;
  await site.user.send({ label: "supply", to: venueDesk, data: vaultCall(job), gas: GAS });
}

/** The account never borrows by itself: its debt is made from outside, to have a health factor. */
async function borrowInTheAccountsName(amountRaw: bigint): Promise<void> {
  const { rpcUrl, underlyings } = site.chain;
  const { adapter, pool: to } = aave();
  const weth = underlyings.find((one) => one.ticker === "ETH")?.token ?? adapter;
  const args = [weth, amountRaw, 2n, 0, adapter] as const;
  const data = encodeFunctionData({ abi: aaveAbi, functionName: "borrow", args });
  await rpc(rpcUrl, "anvil_impersonateAccount", [adapter]);
  await rpc(rpcUrl, "anvil_setBalance", [adapter, "0xde0b6b3a7640000"]);
  const hash = await rpc(rpcUrl, "eth_sendTransaction", [{ from: adapter, to, data }]);
  const receipt = await site.client.waitForTransactionReceipt({ hash: hash as `0x${string}` });
  expect(receipt.status).toBe("success");
}

async function passSeconds(seconds: number): Promise<void> {
  await rpc(site.chain.rpcUrl, "evm_increaseTime", [seconds]);
  await rpc(site.chain.rpcUrl, "evm_mine");
}

/** Whatever `act` does to the chain is undone after it. */
async function untouched(act: () => Promise<void>): Promise<void> {
  const snapshot = await rpc(site.chain.rpcUrl, "evm_snapshot");
  try {
    await act();
  } finally {
    await rpc(site.chain.rpcUrl, "evm_revert", [snapshot]);
    await rpc(site.chain.rpcUrl, "evm_setTime", [Math.floor(Date.now() / 1000)]);
  }
}
