import { maxUint256, parseAbi, zeroHash } from "viem";
import type { PositionVenue, ViewReader } from "#shard-agent/ports/venue.ts";
import type { CurieScope } from "#shard-agent/records/shard-scope.ts";
import { EMPTY_READING } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine } from "#shared/wire/shard-report.ts";
import { toldMarginRatio, toldRatio } from "#shared/wire/told-ratio.ts";

const abi = parseAbi([
  "function getVault() view returns (address)",
  "function getAccountBalance() view returns (address)",
  "function getExchange() view returns (address)",
  "function getClearingHouseConfig() view returns (address)",
  "function getMarketRegistry() view returns (address)",
  "function paused() view returns (bool)",
  "function getAccountValue(address trader) view returns (int256)",
  "function getFreeCollateralByToken(address trader, address token) view returns (uint256)",
  "function getSettlementToken() view returns (address)",
  "function decimals() view returns (uint8)",
  "function getTotalAbsPositionValue(address trader) view returns (uint256)",
  "function getTakerPositionSize(address trader, address baseToken) view returns (int256)",
  "function getTakerOpenNotional(address trader, address baseToken) view returns (int256)",
  "function getMarkPrice(address baseToken) view returns (uint256)",
  "function getPendingFundingPayment(address trader, address baseToken) view returns (int256)",
  "function getSqrtMarketTwapX96(address baseToken, uint32 twapInterval) view returns (uint160)",
  "function getIndexPrice(uint256 interval) view returns (uint256)",
  "function isOpen() view returns (bool)",
  "function getPriceFeed() view returns (address)",
  "function getChainlinkPriceFeedV3() view returns (address)",
  "function isTimedOut() view returns (bool)",
  "function getLastValidTimestamp() view returns (uint256)",
  "function getFeeRatio(address baseToken) view returns (uint24)",
  "function getImRatio() view returns (uint24)",
  "function getMmRatio() view returns (uint24)",
  "function getMaxFundingRate() view returns (uint24)",
  "function getTwapInterval() view returns (uint32)",
  "function healthFloorOf(address venue) view returns (uint256)",
  "struct Order { address baseToken; bool isBaseToQuote; bool isExactInput; uint256 amount; uint256 oppositeAmountBound; uint256 deadline; uint160 sqrtPriceLimitX96; bytes32 referralCode; }",
  "function openPosition(Order order) returns (uint256 base, uint256 quote)",
]);

/** Gas of an account's first executePerpChange and executeMarginMove: 1,566,000 and 478,000 measured on a local chain, with room. */
const PERP_CHANGE_GAS_UNITS = 1_700_000;
const MARGIN_MOVE_GAS_UNITS = 520_000;
/** Curie's own decimals: of sizes, USD and prices; of ratios. */
const DECIMALS = 18;
const RATIO_UNITS = 1_000_000;
const Q96 = 2 ** 96;
const SIZE_UNIT = 1e6;

type CurieMarket = CurieScope["markets"][number];

/** What every market of the account shares. */
type Account = {
  readonly parts: {
    readonly accountBalance: Address;
    readonly exchange: Address;
    readonly registry: Address;
  };
  readonly heldRaw: bigint;
  readonly line: Pick<
    PerpLine,
    | "marginToken"
    | "marginDecimals"
    | "accountValueUsd"
    | "freeMarginRaw"
    | "marginRatio"
    | "initialMarginFraction"
    | "maintenanceMarginFraction"
    | "marginRatioFloor"
  >;
  readonly isPaused: boolean;
  readonly maxFundingFraction: number;
  readonly twapSeconds: bigint;
};

/** The vault's trader account at Perpetual Protocol v2 "Curie", by Curie's own numbers; `desk` is the vault's. */
export function curieVenue(at: CurieScope, desk: Address): PositionVenue {
  return {
    read: async (view) => {
      const account = await readAccount(view, at, desk);
      const markets = at.markets.map((market) => readMarket(view, at, account, market));
      const { marginToken } = account.line;
      return {
        ...EMPTY_READING,
        perps: await Promise.all(markets),
        collateral: [
          { token: marginToken, amountRaw: account.heldRaw, location: "venue-margin" as const },
        ],
      };
    },
  };
}

function reader(view: ViewReader) {
  return <T>(to: Address, name: string, args: readonly unknown[] = []): Promise<T> =>
    view({ abi, to, name, args }) as Promise<T>;
}

async function readAccount(view: ViewReader, at: CurieScope, desk: Address): Promise<Account> {
  const read = reader(view);
  const house = at.clearingHouse;
  const [vault, accountBalance, exchange, config, isHousePaused, value, floor] = await Promise.all([
    read<Address>(house, "getVault"),
    read<Address>(house, "getAccountBalance"),
    read<Address>(house, "getExchange"),
    read<Address>(house, "getClearingHouseConfig"),
    read<boolean>(house, "paused"),
    read<bigint>(house, "getAccountValue", [at.adapter]),
    read<bigint>(desk, "healthFloorOf", [at.adapter]),
  ]);
  const [marginToken, marginDecimals, exposure, registry] = await Promise.all([
    read<Address>(vault, "getSettlementToken"),
    read<number>(vault, "decimals"),
    read<bigint>(accountBalance, "getTotalAbsPositionValue", [at.adapter]),
    read<Address>(exchange, "getMarketRegistry"),
  ]);
  const [free, initial, maintenance, maxFunding, twapSeconds] = await Promise.all([
    // Of the margin token alone, as the account on chain counts: other collateral cannot be taken out as it.
    read<bigint>(vault, "getFreeCollateralByToken", [at.adapter, marginToken]),
    read<number>(config, "getImRatio"),
    read<number>(config, "getMmRatio"),
    read<number>(config, "getMaxFundingRate"),
    read<number>(config, "getTwapInterval"),
  ]);
  return {
    parts: { accountBalance, exchange, registry },
    heldRaw: heldRaw(value, free, marginDecimals),
    line: {
      marginToken,
      marginDecimals,
      accountValueUsd: unitsFromRaw(value, DECIMALS),
      freeMarginRaw: free.toString(),
      marginRatio: toldMarginRatio(value, exposure),
      initialMarginFraction: initial / RATIO_UNITS,
      maintenanceMarginFraction: maintenance / RATIO_UNITS,
      marginRatioFloor: toldRatio(unitsFromRaw(floor, DECIMALS)),
    },
    isPaused: isHousePaused,
    maxFundingFraction: maxFunding / RATIO_UNITS,
    twapSeconds: BigInt(twapSeconds),
  };
}

/** What could be taken out at once: CurieAdapter.held, which the vault counts as its capital. */
function heldRaw(valueE18: bigint, freeRaw: bigint, decimals: number): bigint {
  if (valueE18 <= 0n) return 0n;
  const valueRaw = valueE18 / 10n ** BigInt(DECIMALS - decimals);
  return valueRaw < freeRaw ? valueRaw : freeRaw;
}

async function readMarket(
  view: ViewReader,
  at: CurieScope,
  account: Account,
  { market, underlying, depthUsd }: CurieMarket,
): Promise<PerpLine> {
  const read = reader(view);
  const { accountBalance, exchange, registry } = account.parts;
  const [size, openNotional, mark, indexRaw, fee, isOpen, pending, sqrtTwap, feed] =
    await Promise.all([
      read<bigint>(accountBalance, "getTakerPositionSize", [at.adapter, market]),
      read<bigint>(accountBalance, "getTakerOpenNotional", [at.adapter, market]),
      read<bigint>(accountBalance, "getMarkPrice", [market]),
      read<bigint>(market, "getIndexPrice", [account.twapSeconds]),
      read<number>(registry, "getFeeRatio", [market]),
      read<boolean>(market, "isOpen"),
      read<bigint>(exchange, "getPendingFundingPayment", [at.adapter, market]),
      read<bigint>(exchange, "getSqrtMarketTwapX96", [market, Number(account.twapSeconds)]),
      readFeed(view, market),
    ]);
  const indexUsd = unitsFromRaw(indexRaw, DECIMALS);
  const sizes = depthUsd.toSorted((one, other) => one - other).map((usd) => sizeOf(usd, indexUsd));
  const [buy, sell] = await Promise.all([
    readDepth(view, at, { market, sizes, isSale: false }),
    readDepth(view, at, { market, sizes, isSale: true }),
  ]);
  return {
    venue: "curie",
    adapter: at.adapter,
    market,
    underlying,
    ...account.line,
    sizeE18: size.toString(),
    // Curie counts what a long owes as negative.
    openNotionalUsd: -unitsFromRaw(openNotional, DECIMALS),
    markUsd: unitsFromRaw(mark, DECIMALS),
    indexUsd,
    fundingFractionPerDay: fundingFraction(sqrtTwap, indexUsd, account.maxFundingFraction),
    pendingFundingUsd: unitsFromRaw(pending, DECIMALS),
    feeFraction: fee / RATIO_UNITS,
    gasUnits: PERP_CHANGE_GAS_UNITS,
    marginGasUnits: MARGIN_MOVE_GAS_UNITS,
    acceptsTrades: isOpen && !account.isPaused,
    ...feed,
    buy,
    sell,
  };
}

/** Curie answers with its last index however old it is, so its age is told. */
async function readFeed(
  view: ViewReader,
  market: Address,
): Promise<Pick<PerpLine, "isIndexTimedOut" | "indexUpdatedAtMs">> {
  const read = reader(view);
  const dispatcher = await read<Address>(market, "getPriceFeed");
  const feed = await read<Address>(dispatcher, "getChainlinkPriceFeedV3");
  const [isIndexTimedOut, updatedAt] = await Promise.all([
    read<boolean>(feed, "isTimedOut"),
    read<bigint>(feed, "getLastValidTimestamp"),
  ]);
  return { isIndexTimedOut, indexUpdatedAtMs: Number(updatedAt) * 1000 };
}

/**
 * What one day of the present premium costs a long: market TWAP over index TWAP, less one, within the
 * venue's limit (Curie's Exchange: payment = size x (market - index) x time / day).
 */
function fundingFraction(sqrtTwapX96: bigint, indexUsd: number, limit: number): number {
  const marketUsd = (Number(sqrtTwapX96) / Q96) ** 2;
  return Math.min(limit, Math.max(-limit, marketUsd / indexUsd - 1));
}

/** Size worth about `usd`, in 18 decimals. */
function sizeOf(usd: number, indexUsd: number): bigint {
  return BigInt(Math.round((usd / indexUsd) * SIZE_UNIT)) * 10n ** 12n;
}

/**
 * What Curie would do with each size, asked by making the trade in the name of an account that can afford
 * it: the same fee and price for everybody. 0 where Curie refuses.
 */
function readDepth(
  view: ViewReader,
  at: CurieScope,
  o: { readonly market: Address; readonly sizes: readonly bigint[]; readonly isSale: boolean },
): Promise<PerpLine["buy"]> {
  const quote = async (amount: bigint) => {
    const order = {
      baseToken: o.market,
      isBaseToQuote: o.isSale,
      isExactInput: o.isSale,
      amount,
      oppositeAmountBound: o.isSale ? 0n : maxUint256,
      deadline: maxUint256,
      sqrtPriceLimitX96: 0n,
      referralCode: zeroHash,
    };
    const [, quoteE18 = 0n] = (await view({
      abi,
      to: at.clearingHouse,
      name: "openPosition",
      args: [order],
      from: at.quoteFrom,
      ifReverts: { value: [0n, 0n] },
    })) as readonly bigint[];
    return { sizeE18: amount.toString(), quoteE18: quoteE18.toString() };
  };
  return Promise.all(o.sizes.filter((size) => size > 0n).map(quote));
}
