import type { Address } from "viem";
import type { LensReads, LensState } from "#shard-agent/adapters/reads/lens-reads.ts";
import { isSameAddress } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader, DepthRequest } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import {
  type ExactInput,
  type PoolPrice,
  quoteExactInput,
  type TickTable,
  wordOf,
} from "#shared/evm/uniswap-v3-quote.ts";

/**
 * Words of a pool's bitmap that are known on each side of its price: 10 % of it at the closest spacing. Anybody can make
 * ticks, for little, and nodes let one call use so much gas: with every tick of these words made they can still be read.
 */
const WORDS_EACH_SIDE = 4;
/** Read anew when the price has fewer known words than this on a side. */
const WORDS_LEFT_MIN = 2;
const WORD_LAST = 32_767;
const REFUSALS = ["rpc-failed", "rpc-quorum"];
/** Amounts of one table and price whose outcome is remembered: both sides at every size, and some to spare. */
const REMEMBERED_MAX = 64;

/** Tick tables by pool. */
export type TickTables = ReadonlyMap<Address, TickTable>;
type Pool = LensState["pools"][number];

/**
 * Tables that hold at a block: those of `known` that still do, the others read; none of a pool whose ticks cannot be read.
 *
 * @param changed Pools in which liquidity came or went since `known`.
 */
export async function readTickTables(
  lens: Pick<LensReads, "ticks">,
  block: BlockHeader,
  o: {
    readonly addresses: readonly Address[];
    readonly pools: readonly Pool[];
    readonly known: TickTables;
    readonly changed: (pool: Address) => boolean;
  },
): Promise<TickTables> {
  const tables = o.addresses.map(async (address, index): Promise<[Address, TickTable][]> => {
    const pool = o.pools[index];
    if (pool === undefined || pool.tickSpacing <= 0) return [];
    const known = o.known.get(address);
    if (known !== undefined && !o.changed(address) && isAround(known, pool)) {
      return [[address, known]];
    }
    const table = await readTable(lens, block, address, pool).catch(nullWhenRefused);
    return table === null ? [] : [[address, table]];
  });
  return new Map((await Promise.all(tables)).flat());
}

/** What a node does not read in one call is asked of QuoterV2, as if it were not known. */
function nullWhenRefused(error: unknown): null {
  if (error instanceof RetryableError && REFUSALS.includes(error.code)) return null;
  throw error;
}

async function readTable(
  lens: Pick<LensReads, "ticks">,
  block: BlockHeader,
  address: Address,
  pool: Pool,
): Promise<TickTable> {
  const word = wordOf(pool.tick, pool.tickSpacing);
  const firstWord = Math.max(-WORD_LAST - 1, word - WORDS_EACH_SIDE);
  const lastWord = Math.min(WORD_LAST, word + WORDS_EACH_SIDE);
  const range = { pool: address, firstWord, words: lastWord - firstWord + 1 };
  const ticks = await lens.ticks(block, range);
  return { spacing: pool.tickSpacing, firstWord, lastWord, ticks };
}

function isAround({ spacing, firstWord, lastWord }: TickTable, pool: Pool): boolean {
  const word = wordOf(pool.tick, spacing);
  return word - firstWord >= WORDS_LEFT_MIN && lastWord - word >= WORDS_LEFT_MIN;
}

/** What pools pay, by their prices and ticks; what leaves the known ticks is asked of QuoterV2. */
export async function readDepth(
  lens: Pick<LensReads, "quotes">,
  block: BlockHeader,
  o: {
    readonly requests: readonly DepthRequest[];
    readonly addresses: readonly Address[];
    readonly pools: readonly Pool[];
    readonly tables: TickTables;
  },
): Promise<readonly bigint[]> {
  const computed = o.requests.map((request) => depthOf(request, o));
  const open = o.requests.filter((_request, index) => computed[index] === null);
  const asked = [...(await lens.quotes(block, open))];
  return computed.map((amountOut) => amountOut ?? asked.shift() ?? 0n);
}

function depthOf(
  request: DepthRequest,
  o: {
    readonly addresses: readonly Address[];
    readonly pools: readonly Pool[];
    readonly tables: TickTables;
  },
): bigint | null {
  const index = o.addresses.findIndex((address) => isSameAddress(address, request.pool));
  const [address, pool] = [o.addresses[index], o.pools[index]];
  const table = address === undefined ? undefined : o.tables.get(address);
  if (pool === undefined || table === undefined) return null;
  return rememberedQuote(pool, table, {
    amountIn: request.amountInRaw,
    fee: request.fee,
    isZeroForOne: BigInt(request.assetIn) < BigInt(request.assetOut),
  });
}

type Remembered = { readonly price: string; readonly outcomes: Map<string, bigint | null> };
const remembered = new WeakMap<TickTable, Remembered>();

/** {@link quoteExactInput}, worked out once for the same ticks, price and amount: in most blocks nobody trades. */
function rememberedQuote(pool: PoolPrice, table: TickTable, input: ExactInput): bigint | null {
  const price = `${pool.sqrtPriceX96} ${pool.tick} ${pool.liquidity}`;
  let known = remembered.get(table);
  if (known?.price !== price || known.outcomes.size >= REMEMBERED_MAX) {
    known = { price, outcomes: new Map() };
    remembered.set(table, known);
  }
  const key = `${input.amountIn} ${input.fee} ${input.isZeroForOne}`;
  const before = known.outcomes.get(key);
  if (before !== undefined) return before;
  const outcome = quoteExactInput(pool, table, input);
  known.outcomes.set(key, outcome);
  return outcome;
}
