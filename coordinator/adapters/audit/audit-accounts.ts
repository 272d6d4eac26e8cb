import { parseAbi } from "viem";
import type { AuditView } from "#coordinator/adapters/audit/audit-view.ts";
import {
  type AuditQuestions,
  lineKey,
  type ProvedLine,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { aaveV3AdapterAbi } from "#shared/evm/abi/aave-v3-adapter.ts";
import { curieAdapterAbi } from "#shared/evm/abi/curie-adapter.ts";
import { erc20Abi } from "#shared/evm/abi/erc20.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import { toldMarginRatio, toldRatio } from "#shared/wire/told-ratio.ts";

const aaveAbi = parseAbi([
  "struct Reserve { uint256 configuration; uint128 liquidityIndex; uint128 currentLiquidityRate; uint128 variableBorrowIndex; uint128 currentVariableBorrowRate; uint128 currentStableBorrowRate; uint40 lastUpdateTimestamp; uint16 id; address aToken; address stableDebtToken; address variableDebtToken; address interestRateStrategy; uint128 accruedToTreasury; uint128 unbacked; uint128 isolationModeTotalDebt; }",
  "function getReserveData(address asset) view returns (Reserve reserve)",
  "function getUserAccountData(address user) view returns (uint256 collateral, uint256 debt, uint256 borrows, uint256 threshold, uint256 loanToValue, uint256 healthFactor)",
]);
const curieAbi = parseAbi([
  "function getVault() view returns (address)",
  "function getAccountBalance() view returns (address)",
  "function getClearingHouseConfig() view returns (address)",
  "function getAccountValue(address trader) view returns (int256)",
  "function getFreeCollateralByToken(address trader, address token) view returns (uint256)",
  "function getSettlementToken() view returns (address)",
  "function decimals() view returns (uint8)",
  "function getTotalAbsPositionValue(address trader) view returns (uint256)",
  "function getBaseTokens(address trader) view returns (address[])",
  "function getTakerPositionSize(address trader, address baseToken) view returns (int256)",
  "function getTakerOpenNotional(address trader, address baseToken) view returns (int256)",
  "function getMarkPrice(address baseToken) view returns (uint256)",
  "function getIndexPrice(uint256 interval) view returns (uint256)",
  "function getImRatio() view returns (uint24)",
  "function getMmRatio() view returns (uint24)",
  "function getTwapInterval() view returns (uint32)",
  "function getMaxFundingRate() view returns (uint24)",
  "function getExchange() view returns (address)",
  "function getMarketRegistry() view returns (address)",
  "function getFeeRatio(address baseToken) view returns (uint24)",
  "function getSqrtMarketTwapX96(address baseToken, uint32 twapInterval) view returns (uint160)",
]);

const WAD_DECIMALS = 18;
/** Aave's rates are rays. */
const RAY_DECIMALS = 27;
const NO_DEBT = 2n ** 256n - 1n;
/** Aave's bits of a reserve that is in use, and of one that stands still. */
const ACTIVE_BIT = 56n;
const PAUSED_BIT = 60n;
/** Curie's ratios are millionths. */
const RATIO_UNITS = 1_000_000;
const Q96 = 2 ** 96;

type Reserve = {
  readonly aToken: Address;
  readonly configuration: bigint;
  readonly currentLiquidityRate: bigint;
};

/** The vault's assets at its account at Aave v3. */
export async function aaveLines(
  { view }: AuditView,
  { settlement, underlyings }: ShardSetup,
  adapter: Address,
): Promise<ProvedLine[]> {
  const pool = await view<Address>({ abi: aaveV3AdapterAbi, to: adapter, name: "pool" });
  const account = await view<readonly bigint[]>({
    abi: aaveAbi,
    to: pool,
    name: "getUserAccountData",
    args: [adapter],
  });
  const health = account[5] ?? 0n;
  const healthFactor = health === NO_DEBT ? null : toldRatio(unitsFromRaw(health, WAD_DECIMALS));
  const lines = [settlement, ...underlyings].map(async ({ token }): Promise<ProvedLine[]> => {
    const call = { abi: aaveAbi, to: pool, name: "getReserveData", args: [token] };
    const { aToken, configuration, currentLiquidityRate } = await view<Reserve>(call);
    if (BigInt(aToken) === 0n) return [];
    const balance = (of: Address, owner: Address) =>
      view<bigint>({ abi: erc20Abi, to: of, name: "balanceOf", args: [owner] });
    const [supplied, available] = await Promise.all([
      balance(aToken, adapter),
      balance(token, aToken),
    ]);
    const hasBit = (bit: bigint) => ((configuration >> bit) & 1n) === 1n;
    const fields = {
      suppliedRaw: supplied.toString(),
      healthFactor,
      supplyRatePerYear: unitsFromRaw(currentLiquidityRate, RAY_DECIMALS),
      availableRaw: available.toString(),
      allowsWithdrawal: hasBit(ACTIVE_BIT) && !hasBit(PAUSED_BIT),
    };
    const isEmpty = supplied === 0n;
    return [{ list: "lending", key: lineKey(adapter, token), fields, isEmpty }];
  });
  return (await Promise.all(lines)).flat();
}

/** The vault's trader account at Curie: markets it has a position in, and those a report speaks of. */
export async function curieLines(
  reads: AuditView,
  { underlyings }: ShardSetup,
  o: {
    readonly adapter: Address;
    readonly desk: Address;
    readonly claimed: AuditQuestions["perpMarkets"];
  },
): Promise<ProvedLine[]> {
  const { adapter, desk } = o;
  const floorOf = { abi: venueDeskAbi, to: desk, name: "healthFloorOf", args: [adapter] };
  const read = <T>(to: Address, name: string, args: readonly unknown[] = []) =>
    reads.view<T>({ abi: curieAbi, to, name, args });
  const house = await reads.view<Address>({
    abi: curieAdapterAbi,
    to: adapter,
    name: "clearingHouse",
  });
  const [vault, exchange, balances, config, value] = await Promise.all([
    read<Address>(house, "getVault"),
    read<Address>(house, "getExchange"),
    read<Address>(house, "getAccountBalance"),
    read<Address>(house, "getClearingHouseConfig"),
    read<bigint>(house, "getAccountValue", [adapter]),
  ]);
  const [marginToken, marginDecimals, exposure, open] = await Promise.all([
    read<Address>(vault, "getSettlementToken"),
    read<number>(vault, "decimals"),
    read<bigint>(balances, "getTotalAbsPositionValue", [adapter]),
    read<readonly Address[]>(balances, "getBaseTokens", [adapter]),
  ]);
  const [floor, registry, free, initial, maintenance, maxFunding, twapSeconds] = await Promise.all([
    reads.view<bigint>(floorOf),
    read<Address>(exchange, "getMarketRegistry"),
    read<bigint>(vault, "getFreeCollateralByToken", [adapter, marginToken]),
    read<number>(config, "getImRatio"),
    read<number>(config, "getMmRatio"),
    read<number>(config, "getMaxFundingRate"),
    read<number>(config, "getTwapInterval"),
  ]);
  const account = {
    marginToken: lower(marginToken),
    marginDecimals,
    accountValueUsd: unitsFromRaw(value, WAD_DECIMALS),
    freeMarginRaw: free.toString(),
    marginRatio: toldMarginRatio(value, exposure),
    initialMarginFraction: initial / RATIO_UNITS,
    maintenanceMarginFraction: maintenance / RATIO_UNITS,
    marginRatioFloor: toldRatio(unitsFromRaw(floor, WAD_DECIMALS)),
  };
  const said = o.claimed.filter((one) => one.adapter.toLowerCase() === adapter.toLowerCase());
  const markets = new Set([...open, ...said.map((one) => one.market)].map(lower));
  const lines = [...markets].map(async (market): Promise<ProvedLine[]> => {
    const at = { adapter, balances, exchange, registry, market, twapSeconds, maxFunding };
    const figures = await marketFigures(reads, at);
    if (figures === null) return [];
    const { token, ...own } = figures;
    const underlying = underlyings.find((one) => lower(one.token) === lower(token))?.ticker ?? null;
    const fields = { underlying, ...account, ...own };
    const isEmpty = own.sizeE18 === "0";
    return [{ list: "perps", key: lineKey(adapter, market), fields, isEmpty }];
  });
  return (await Promise.all(lines)).flat();
}

/**
 * One market as Curie has it; null when it is no market of the account.
 *
 * @throws If it is one and Curie does not tell of it.
 */
async function marketFigures(
  { tryView }: AuditView,
  o: {
    readonly adapter: Address;
    readonly balances: Address;
    readonly exchange: Address;
    readonly registry: Address;
    readonly market: Address;
    readonly twapSeconds: number;
    /** Most a day costs, in Curie's ratios. */
    readonly maxFunding: number;
  },
) {
  const read = <T>(to: Address, name: string, args: readonly unknown[]) =>
    tryView<T>({ abi: curieAbi, to, name, args });
  const [token, size, notional, mark, index, sqrtTwap, fee] = await Promise.all([
    tryView<Address>({
      abi: curieAdapterAbi,
      to: o.adapter,
      name: "underlyingOf",
      args: [o.market],
    }),
    read<bigint>(o.balances, "getTakerPositionSize", [o.adapter, o.market]),
    read<bigint>(o.balances, "getTakerOpenNotional", [o.adapter, o.market]),
    read<bigint>(o.balances, "getMarkPrice", [o.market]),
    read<bigint>(o.market, "getIndexPrice", [BigInt(o.twapSeconds)]),
    read<bigint>(o.exchange, "getSqrtMarketTwapX96", [o.market, o.twapSeconds]),
    read<number>(o.registry, "getFeeRatio", [o.market]),
  ]);
  if (token === null) return null;
  if (size === null || notional === null || mark === null)
    throw new Error(`Curie does not tell of market ${o.market}`);
  if (index === null || sqrtTwap === null || fee === null)
    throw new Error(`Curie does not tell of market ${o.market}`);
  const indexUsd = unitsFromRaw(index, WAD_DECIMALS);
  return {
    token,
    sizeE18: size.toString(),
    // Curie counts what a long owes as negative.
    openNotionalUsd: -unitsFromRaw(notional, WAD_DECIMALS),
    markUsd: unitsFromRaw(mark, WAD_DECIMALS),
    indexUsd,
    feeFraction: fee / RATIO_UNITS,
    fundingFractionPerDay: fundingFraction(sqrtTwap, indexUsd, o.maxFunding / RATIO_UNITS),
  };
}

/** What a day of the present premium costs a long, within Curie's limit (shard-agent/venues/curie.ts). */
function fundingFraction(sqrtTwapX96: bigint, indexUsd: number, limit: number): number {
  const marketUsd = (Number(sqrtTwapX96) / Q96) ** 2;
  return Math.min(limit, Math.max(-limit, marketUsd / indexUsd - 1));
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}
