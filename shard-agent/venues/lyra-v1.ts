import { erc20Abi } from "viem";
import type { PositionVenue, ViewReader } from "#shard-agent/ports/venue.ts";
import type { LyraScope, ShardScope } from "#shard-agent/records/shard-scope.ts";
import { EMPTY_READING, type VenueReading } from "#shard-agent/records/shard-snapshot.ts";
import { lyraAbi as abi } from "#shard-agent/venues/lyra-abi.ts";
import {
  type Addresses,
  type Board,
  figuresOf,
  LYRA_DECIMALS,
  lyraSeriesId,
  type Position,
  poolLines,
} from "#shard-agent/venues/lyra-conventions.ts";
import { LONG_CALL, LONG_PUT, readDepth, readLimits } from "#shard-agent/venues/lyra-offers.ts";
import { readUpkeep } from "#shard-agent/venues/lyra-upkeep.ts";
import { type ConversionRate, readConversion } from "#shard-agent/venues/pool-conversion.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { InventoryLine, OptionMarketLine } from "#shared/wire/shard-report.ts";

/** Gas of one executeOptionTrade: 2,049,000 measured on a local chain for the first of an account, with room. */
const OPTION_TRADE_GAS_UNITS = 2_250_000;
const POSITION_ACTIVE = 1;
const TYPES = ["call", "put"] as const;

type Series = OptionMarketLine["series"][number];

/** What the readings of one block share. */
type Context = {
  readonly at: LyraScope;
  readonly scope: Pick<ShardScope, "chainId" | "settlement" | "contracts">;
  /** The vault's. */
  readonly desk: Address;
  readonly view: ViewReader;
  readonly addresses: Addresses;
  readonly spotE18: bigint | null;
  readonly isStale: boolean;
  readonly boards: readonly Board[];
  readonly positions: readonly Position[];
  readonly rate: ConversionRate;
};

/** The vault's account at one Lyra V1 market, the market's offers, and its pool's book, by Lyra's own numbers. */
export function lyraV1Venue(
  scope: Pick<ShardScope, "chainId" | "settlement" | "contracts">,
  at: LyraScope,
  desk: Address,
): PositionVenue {
  return {
    read: async (view) => {
      const context = { ...(await readContext(scope, at, view)), desk };
      const { token } = scope.settlement;
      const [market, inventory, options, heldRaw] = await Promise.all([
        readMarket(context),
        readInventory(context),
        readOptions(context),
        view({ abi, to: at.adapter, name: "held", args: [token] }) as Promise<bigint>,
      ]);
      return {
        ...EMPTY_READING,
        optionMarkets: [market],
        inventories: inventory === null ? [] : [inventory],
        options,
        upkeep: await readUpkeep(view, {
          account: at.adapter,
          positionIds: context.positions.map(({ positionId }) => positionId),
          isKeptOff: context.isStale && (heldRaw > 0n || context.positions.length > 0),
          strikeIds: context.boards.flatMap(({ strikes }) => strikes.map((one) => one.strikeId)),
          cachedAt: () => Promise.all(context.boards.map((one) => readCachedAt(context, one))),
        }),
        collateral: [{ token, amountRaw: heldRaw, location: "venue-margin" as const }],
      };
    },
  };
}

function read<T>(
  view: ViewReader,
  to: Address,
  name: string,
  args: readonly unknown[] = [],
): Promise<T> {
  return view({ abi, to, name, args }) as Promise<T>;
}

async function readContext(
  scope: Context["scope"],
  at: LyraScope,
  view: ViewReader,
): Promise<Omit<Context, "desk">> {
  const [named, synthetix, boards, ids] = await Promise.all([
    read<Omit<Addresses, "synthetix">>(view, at.viewer, "marketAddresses", [at.market]),
    read<Address>(view, at.viewer, "synthetixAdapter"),
    read<readonly Board[]>(view, at.viewer, "getLiveBoards", [at.market]),
    read<readonly bigint[]>(view, at.adapter, "openPositions"),
  ]);
  const addresses = { ...named, synthetix };
  // Synthetix refuses to answer while it holds its own rate for invalid.
  const spot = { abi, to: synthetix, name: "getSpotPriceForMarket", args: [at.market] };
  const [spotE18, positions, rate] = await Promise.all([
    view({ ...spot, ifReverts: { value: null } }) as Promise<bigint | null>,
    read<readonly Position[]>(view, addresses.optionToken, "getOptionPositions", [ids]),
    readConversion(view, {
      pool: at.swapPool,
      from: scope.settlement,
      to: { token: addresses.quoteAsset, decimals: LYRA_DECIMALS },
      vault: scope.contracts.vault,
    }),
  ]);
  const isStale = spotE18 === null || (await hasStaleCache(view, addresses, spotE18, boards));
  const active = positions.filter(({ state }) => state === POSITION_ACTIVE);
  return { at, scope, view, addresses, spotE18, isStale, boards, positions: active, rate };
}

/** Lyra trades on stale caches without a word, so they are looked at here. */
async function hasStaleCache(
  view: ViewReader,
  { greekCache }: Addresses,
  spotE18: bigint,
  boards: readonly Board[],
): Promise<boolean> {
  const answers = await Promise.all([
    read<boolean>(view, greekCache, "isGlobalCacheStale", [spotE18]),
    ...boards.map(({ boardId }) => read<boolean>(view, greekCache, "isBoardCacheStale", [boardId])),
  ]);
  return answers.includes(true);
}

async function readMarket(context: Context): Promise<OptionMarketLine> {
  const { at, scope, view, addresses, spotE18, isStale } = context;
  const [cashRaw, isMarketPaused, isGlobalPaused, series] = await Promise.all([
    view({
      abi: erc20Abi,
      to: scope.settlement.token,
      name: "balanceOf",
      args: [at.adapter],
    }) as Promise<bigint>,
    read<boolean>(view, addresses.synthetix, "isMarketPaused", [at.market]),
    read<boolean>(view, addresses.synthetix, "isGlobalPaused"),
    Promise.all(context.boards.map((board) => readBoard(context, board))),
  ]);
  return {
    venue: "lyra-v1",
    adapter: at.adapter,
    market: at.market,
    underlying: at.underlying,
    quoteToken: addresses.quoteAsset,
    spotUsd: spotE18 === null ? 0 : unitsFromRaw(spotE18, LYRA_DECIMALS),
    isStale,
    acceptsTrades: !isStale && !isMarketPaused && !isGlobalPaused,
    gasUnits: OPTION_TRADE_GAS_UNITS,
    cashRaw: cashRaw.toString(),
    series: series.flat(),
  };
}

async function readBoard(context: Context, board: Board): Promise<Series[]> {
  const updatedAtMs = Number(await readCachedAt(context, board)) * 1000;
  const times = { expiryMs: Number(board.expiry) * 1000, updatedAtMs };
  const pairs = board.strikes.flatMap((strike) => TYPES.map((type) => ({ strike, type })));
  return Promise.all(
    pairs.map(async ({ strike, type }) => {
      const held = context.positions.find((one) => isOf(one, strike.strikeId, type));
      const volatility =
        unitsFromRaw(board.baseIv, LYRA_DECIMALS) * unitsFromRaw(strike.skew, LYRA_DECIMALS);
      const [limits, buy, sell] = await Promise.all([
        readLimits(context, { strike, type }),
        readDepth(context, { strike, type, held: null }),
        held === undefined ? [] : readDepth(context, { strike, type, held }),
      ]);
      return {
        strikeId: strike.strikeId.toString(),
        seriesId: lyraSeriesId(context.at.market, strike.strikeId, type),
        type,
        expiryMs: times.expiryMs,
        strikeUsd: unitsFromRaw(strike.strikePrice, LYRA_DECIMALS),
        heldE18: (held?.amount ?? 0n).toString(),
        volatility,
        ...figuresOf(strike, type, times),
        mostToOpenUsd: limits?.mostToOpenUsd ?? null,
        leastToCloseUsd: limits?.leastToCloseUsd ?? null,
        buy: limits === null ? [] : buy,
        sell: limits === null ? [] : sell,
      };
    }),
  );
}

/** When Lyra computed what it keeps of a board, Unix seconds. */
async function readCachedAt({ view, addresses }: Context, board: Board): Promise<bigint> {
  const args = [board.boardId];
  const cache = read<{ updatedAt: bigint }>(
    view,
    addresses.greekCache,
    "getOptionBoardCache",
    args,
  );
  return (await cache).updatedAt;
}

function isOf(position: Position, strikeId: bigint, type: "call" | "put"): boolean {
  const optionType = type === "call" ? LONG_CALL : LONG_PUT;
  return position.strikeId === strikeId && position.optionType === optionType;
}

/** Longs the account opened; what others send it is not its own to close. */
async function readOptions(context: Context): Promise<VenueReading["options"]> {
  const { at, view } = context;
  return Promise.all(
    context.positions.map(async (position) => {
      const [strikePrice, expiry] = await read<readonly [bigint, bigint]>(
        view,
        at.market,
        "getStrikeAndExpiry",
        [position.strikeId],
      );
      const type = position.optionType === LONG_CALL ? "call" : "put";
      return {
        kind: "option",
        venue: "lyra-v1",
        seriesId: lyraSeriesId(at.market, position.strikeId, type),
        underlying: at.underlying,
        type,
        strikeUsd: unitsFromRaw(strikePrice, LYRA_DECIMALS),
        expiryMs: Number(expiry) * 1000,
        quantity: unitsFromRaw(position.amount, LYRA_DECIMALS),
      } as const;
    }),
  );
}

/** The pool against which everybody trades there; null while its worth cannot be told. */
async function readInventory(context: Context): Promise<InventoryLine | null> {
  const { at, scope, view, addresses, spotE18 } = context;
  if (spotE18 === null) return null;
  const [liquidity, [, lockedBase], hedgedDelta] = await Promise.all([
    read<{ readonly freeLiquidity: bigint; readonly NAV: bigint }>(
      view,
      addresses.liquidityPool,
      "getLiquidity",
      [spotE18],
    ),
    read<readonly [bigint, bigint]>(view, addresses.liquidityPool, "lockedCollateral"),
    read<bigint>(view, addresses.poolHedger, "getCurrentHedgedNetDelta"),
  ]);
  const lines = context.boards.flatMap(({ expiry, strikes }) =>
    strikes.flatMap((strike) => poolLines(strike, { ...at, expiryMs: Number(expiry) * 1000 })),
  );
  return {
    source: `lyra-v1:${scope.chainId}:${addresses.liquidityPool.toLowerCase()}`,
    underlying: at.underlying,
    isStale: context.isStale,
    netAssetValueUsd: unitsFromRaw(liquidity.NAV, LYRA_DECIMALS),
    freeUsd: unitsFromRaw(liquidity.freeLiquidity, LYRA_DECIMALS),
    hedgeUnits: unitsFromRaw(hedgedDelta + lockedBase, LYRA_DECIMALS),
    lines,
  };
}
