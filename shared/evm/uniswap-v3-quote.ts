import {
  amount0Between,
  amount1Between,
  dividedUp,
  priceAfterInput,
  SQRT_PRICE_MAX,
  SQRT_PRICE_MIN,
  sqrtPriceAtTick,
  TICK_MAX,
} from "#shared/evm/uniswap-v3-price.ts";

/** Ticks of one word of a pool's bitmap, in multiples of its spacing. */
const WORD_TICKS = 256;
/** A fee of all that comes in, in Uniswap's hundredths of a basis point. */
const FEE_ALL = 1_000_000n;

/** Where a pool's liquidity changes, for some consecutive words of its bitmap. */
export type TickTable = {
  readonly spacing: number;
  /** First and last word that are known. */
  readonly firstWord: number;
  readonly lastWord: number;
  /** Ascending; every initialized tick of those words. */
  readonly ticks: readonly { readonly tick: number; readonly liquidityNet: bigint }[];
};

/** A pool's price (sqrt of token1 per token0, Q64.96), its tick and its liquidity in range. */
export type PoolPrice = {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly liquidity: bigint;
};

export type ExactInput = {
  readonly amountIn: bigint;
  /** Hundredths of a basis point. */
  readonly fee: number;
  /** Whether token0 comes in. */
  readonly isZeroForOne: boolean;
};

/** The word of the bitmap in which a tick is. */
export function wordOf(tick: number, spacing: number): number {
  return Math.floor(Math.floor(tick / spacing) / WORD_TICKS);
}

/**
 * What a Uniswap v3 pool gives for an exact input, to the unit: the steps of UniswapV3Pool.swap, with its rounding. A
 * step ends at the border of a word even where no liquidity changes, because each rounds for itself.
 *
 * @returns 0 when the pool runs out of liquidity first; null when the swap leaves the words that are known, or ends
 * within the rounding of a border.
 * @see Uniswap v3 core, UniswapV3Pool.swap and SwapMath.computeSwapStep.
 */
export function quoteExactInput(
  pool: PoolPrice,
  table: TickTable,
  { amountIn, fee, isZeroForOne }: ExactInput,
): bigint | null {
  const limit = isZeroForOne ? SQRT_PRICE_MIN + 1n : SQRT_PRICE_MAX - 1n;
  let { sqrtPriceX96: price, tick, liquidity } = pool;
  let [left, out] = [amountIn, 0n];
  while (left > 0n) {
    const next = nextTick(table, tick, isZeroForOne);
    if (next === null) return null;
    const border = sqrtPriceAtTick(next.tick);
    const isBeyond = isZeroForOne ? border < limit : border > limit;
    const target = isBeyond ? limit : border;
    const step = swapStep({ price, target, liquidity, left, fee: BigInt(fee), isZeroForOne });
    // Uniswap would go on with less than nothing left.
    if (step.taken > left) return null;
    price = step.price;
    left -= step.taken;
    out += step.out;
    if (price === limit) return 0n;
    liquidity += isZeroForOne ? -next.liquidityNet : next.liquidityNet;
    tick = isZeroForOne ? next.tick - 1 : next.tick;
  }
  return out;
}

type Step = {
  readonly price: bigint;
  readonly target: bigint;
  readonly liquidity: bigint;
  readonly left: bigint;
  readonly fee: bigint;
  readonly isZeroForOne: boolean;
};

/** @returns `taken` is what came in, with the fee. */
function swapStep({ price, target, liquidity, left, fee, isZeroForOne }: Step): {
  readonly price: bigint;
  readonly taken: bigint;
  readonly out: bigint;
} {
  const amountIn = isZeroForOne ? amount0Between : amount1Between;
  const amountOut = isZeroForOne ? amount1Between : amount0Between;
  const leftLessFee = (left * (FEE_ALL - fee)) / FEE_ALL;
  const toTarget = amountIn([price, target], liquidity, true);
  if (leftLessFee >= toTarget) {
    const taken = toTarget + dividedUp(toTarget * fee, FEE_ALL - fee);
    return { price: target, taken, out: amountOut([price, target], liquidity, false) };
  }
  const end = priceAfterInput(price, liquidity, leftLessFee, isZeroForOne);
  const out = amountOut([price, end], liquidity, false);
  // What does not reach the target is all taken; when rounding alone reached it, the fee is counted as above.
  const taken = end === target ? toTarget + dividedUp(toTarget * fee, FEE_ALL - fee) : left;
  return { price: end, taken, out };
}

type Border = { readonly tick: number; readonly liquidityNet: bigint };

/** The next tick of the swap within the word of `tick`: an initialized one, or the word's border. Null beyond the table. */
function nextTick(table: TickTable, tick: number, isZeroForOne: boolean): Border | null {
  const { spacing, ticks } = table;
  const compressed = Math.floor(tick / spacing) + (isZeroForOne ? 0 : 1);
  const word = Math.floor(compressed / WORD_TICKS);
  if (word < table.firstWord || word > table.lastWord) return null;
  const from = compressed * spacing;
  const border = (isZeroForOne ? word * WORD_TICKS : (word + 1) * WORD_TICKS - 1) * spacing;
  const after = firstFrom(ticks, isZeroForOne ? from + 1 : from);
  const found = ticks[isZeroForOne ? after - 1 : after];
  if (found !== undefined && (isZeroForOne ? found.tick >= border : found.tick <= border)) {
    return found;
  }
  return { tick: Math.min(TICK_MAX, Math.max(-TICK_MAX, border)), liquidityNet: 0n };
}

/** Index of the first of some ascending ticks that is `from` or above. */
function firstFrom(ticks: TickTable["ticks"], from: number): number {
  let [low, high] = [0, ticks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ticks[middle]?.tick ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
