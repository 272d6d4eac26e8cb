import { erc20Abi, parseAbi } from "viem";
import type { PositionVenue, ViewReader } from "#shard-agent/ports/venue.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import { EMPTY_READING } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { LendingLine } from "#shared/wire/shard-report.ts";
import { toldRatio } from "#shared/wire/told-ratio.ts";

const poolAbi = parseAbi([
  "struct Reserve { uint256 configuration; uint128 liquidityIndex; uint128 currentLiquidityRate; uint128 variableBorrowIndex; uint128 currentVariableBorrowRate; uint128 currentStableBorrowRate; uint40 lastUpdateTimestamp; uint16 id; address aToken; address stableDebtToken; address variableDebtToken; address interestRateStrategy; uint128 accruedToTreasury; uint128 unbacked; uint128 isolationModeTotalDebt; }",
  "function getReserveData(address asset) view returns (Reserve reserve)",
  "function getUserAccountData(address user) view returns (uint256 totalCollateral, uint256 totalDebt, uint256 availableBorrows, uint256 threshold, uint256 loanToValue, uint256 healthFactor)",
]);
const oracleAbi = parseAbi(["function getSourceOfAsset(address asset) view returns (address)"]);
const feedAbi = parseAbi([
  "function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
]);

/** Gas of one executeLendMove: 565,000 measured on a local chain for the first supply, with room. */
const LEND_MOVE_GAS_UNITS = 625_000;
const RAY_DECIMALS = 27;
const HEALTH_DECIMALS = 18;
const NO_DEBT = 2n ** 256n - 1n;

/** Bits of a reserve's configuration word. */
const ACTIVE_BIT = 56n;
const FROZEN_BIT = 57n;
const PAUSED_BIT = 60n;
const SUPPLY_CAP_BIT = 116n;
const SUPPLY_CAP_MASK = 2n ** 36n - 1n;

type Reserve = {
  readonly configuration: bigint;
  readonly currentLiquidityRate: bigint;
  readonly aToken: Address;
};

type Asset = { readonly ticker: string; readonly token: Address; readonly decimals: number };

/** The vault's account at Aave v3, read from Aave's own contracts: the vault's assets that have a reserve there. */
export function aaveV3Venue(
  scope: Pick<ShardScope, "settlement" | "underlyings">,
  at: { readonly adapter: Address; readonly pool: Address; readonly oracle: Address },
): PositionVenue {
  const assets: Asset[] = [scope.settlement, ...scope.underlyings];
  return {
    read: async (view) => {
      const account = (await view({
        abi: poolAbi,
        to: at.pool,
        name: "getUserAccountData",
        args: [at.adapter],
      })) as readonly bigint[];
      const healthFactor = healthOf(account[5] ?? 0n);
      const lines = await Promise.all(
        assets.map((asset) => readAsset(view, asset, at, healthFactor)),
      );
      const lending = lines.filter((line) => line !== null);
      return {
        ...EMPTY_READING,
        lending,
        perps: [],
        collateral: lending.map((line) => ({
          token: line.token,
          amountRaw: BigInt(line.suppliedRaw),
          location: "lending" as const,
        })),
      };
    },
  };
}

/** Null without debt: Aave then says the largest uint256. */
function healthOf(raw: bigint): number | null {
  // Dust of debt makes it larger than any figure that is believed.
  return raw === NO_DEBT ? null : toldRatio(unitsFromRaw(raw, HEALTH_DECIMALS));
}

/** Null when Aave has no reserve of the asset. */
async function readAsset(
  view: ViewReader,
  asset: Asset,
  at: { readonly adapter: Address; readonly pool: Address; readonly oracle: Address },
  healthFactor: number | null,
): Promise<LendingLine | null> {
  const reserve = (await view({
    abi: poolAbi,
    to: at.pool,
    name: "getReserveData",
    args: [asset.token],
  })) as Reserve;
  if (BigInt(reserve.aToken) === 0n) return null;
  const balance = (token: Address, owner: Address) =>
    view({ abi: erc20Abi, to: token, name: "balanceOf", args: [owner] }) as Promise<bigint>;
  const [suppliedRaw, availableRaw, totalRaw, oracleUpdatedAtMs] = await Promise.all([
    balance(reserve.aToken, at.adapter),
    balance(asset.token, reserve.aToken),
    view({ abi: erc20Abi, to: reserve.aToken, name: "totalSupply", args: [] }) as Promise<bigint>,
    readOracleTime(view, at.oracle, asset.token),
  ]);
  const hasBit = (bit: bigint) => ((reserve.configuration >> bit) & 1n) === 1n;
  const isOpen = hasBit(ACTIVE_BIT) && !hasBit(PAUSED_BIT);
  return {
    venue: "aave-v3",
    adapter: at.adapter,
    asset: asset.ticker,
    token: asset.token,
    decimals: asset.decimals,
    suppliedRaw: suppliedRaw.toString(),
    healthFactor,
    supplyRatePerYear: unitsFromRaw(reserve.currentLiquidityRate, RAY_DECIMALS),
    availableRaw: availableRaw.toString(),
    supplyRoomRaw: supplyRoom(reserve.configuration, totalRaw, asset.decimals)?.toString() ?? null,
    acceptsSupply: isOpen && !hasBit(FROZEN_BIT),
    allowsWithdrawal: isOpen,
    gasUnits: LEND_MOVE_GAS_UNITS,
    oracleUpdatedAtMs,
  };
}

/** The cap counts whole tokens; 0 means none. What accrues to Aave's treasury counts too and is left out here. */
function supplyRoom(configuration: bigint, totalRaw: bigint, decimals: number): bigint | null {
  const capTokens = (configuration >> SUPPLY_CAP_BIT) & SUPPLY_CAP_MASK;
  if (capTokens === 0n) return null;
  const room = capTokens * 10n ** BigInt(decimals) - totalRaw;
  return room > 0n ? room : 0n;
}

/** Aave answers with prices of any age, so their age is told here. */
async function readOracleTime(view: ViewReader, oracle: Address, token: Address): Promise<number> {
  const source = (await view({
    abi: oracleAbi,
    to: oracle,
    name: "getSourceOfAsset",
    args: [token],
  })) as Address;
  const round = (await view({
    abi: feedAbi,
    to: source,
    name: "latestRoundData",
    args: [],
  })) as readonly bigint[];
  return Number(round[3]) * 1000;
}
