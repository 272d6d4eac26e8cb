/** Ticks at which Uniswap v3's prices end. */
export const TICK_MAX = 887_272;
/** Prices (sqrt of token1 per token0, Q64.96) at those ticks. */
export const SQRT_PRICE_MIN = 4_295_128_739n;
export const SQRT_PRICE_MAX = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342n;

const Q32 = 1n << 32n;
const Q96 = 1n << 96n;
const Q128 = 1n << 128n;
const UINT256_END = 1n << 256n;

/** 1.0001^(-2^i / 2) as Q128.128, i from 0: the factors of Uniswap's TickMath. */
const FACTORS = [
  0xfffcb933bd6fad37aa2d162d1a594001n,
  0xfff97272373d413259a46990580e213an,
  0xfff2e50f5f656932ef12357cf3c7fdccn,
  0xffe5caca7e10e4e61c3624eaa0941cd0n,
  0xffcb9843d60f6159c9db58835c926644n,
  0xff973b41fa98c081472e6896dfb254c0n,
  0xff2ea16466c96a3843ec78b326b52861n,
  0xfe5dee046a99a2a811c461f1969c3053n,
  0xfcbe86c7900a88aedcffc83b479aa3a4n,
  0xf987a7253ac413176f2b074cf7815e54n,
  0xf3392b0822b70005940c7a398e4b70f3n,
  0xe7159475a2c29b7443b29c7fa6e889d9n,
  0xd097f3bdfd2022b8845ad8f792aa5825n,
  0xa9f746462d870fdf8a65dc1f90e061e5n,
  0x70d869a156d2a1b890bb3df62baf32f7n,
  0x31be135f97d08fd981231505542fcfa6n,
  0x9aa508b5b7a84e1c677de54f3e99bc9n,
  0x5d6af8dedb81196699c329225ee604n,
  0x2216e584f5fa1ea926041bedfe98n,
  0x48a170391f7dc42444e8fa2n,
];

/**
 * sqrt(1.0001^tick) as Q64.96, rounded as Uniswap v3 rounds it.
 *
 * @throws {RangeError} If the tick is beyond TICK_MAX.
 * @see Uniswap v3 core, TickMath.getSqrtRatioAtTick.
 */
export function sqrtPriceAtTick(tick: number): bigint {
  const steps = Math.abs(tick);
  if (!(Number.isInteger(tick) && steps <= TICK_MAX)) {
    throw new RangeError(`tick: ${tick}; must be a whole number up to ${TICK_MAX} either way`);
  }
  let ratio = Q128;
  for (const [bit, factor] of FACTORS.entries()) {
    if (((steps >> bit) & 1) === 1) ratio = (ratio * factor) >> 128n;
  }
  if (tick > 0) ratio = (UINT256_END - 1n) / ratio;
  return dividedUp(ratio, Q32);
}

/** Token0 between two prices, rounded up or down. Of Uniswap v3's SqrtPriceMath.getAmount0Delta. */
export function amount0Between(
  prices: readonly [bigint, bigint],
  liquidity: bigint,
  isUp: boolean,
): bigint {
  const [low, high] = ascending(prices);
  const scaled = liquidity * Q96 * (high - low);
  return isUp ? dividedUp(dividedUp(scaled, high), low) : scaled / high / low;
}

/** Token1 between two prices, rounded up or down. Of Uniswap v3's SqrtPriceMath.getAmount1Delta. */
export function amount1Between(
  prices: readonly [bigint, bigint],
  liquidity: bigint,
  isUp: boolean,
): bigint {
  const [low, high] = ascending(prices);
  const scaled = liquidity * (high - low);
  return isUp ? dividedUp(scaled, Q96) : scaled / Q96;
}

/**
 * Price after `amountIn` came in, rounded so that the pool gives no more than it should.
 *
 * @param isZeroForOne Whether token0 comes in, and the price falls.
 * @see Uniswap v3 core, SqrtPriceMath.getNextSqrtPriceFromInput.
 */
export function priceAfterInput(
  sqrtPrice: bigint,
  liquidity: bigint,
  amountIn: bigint,
  isZeroForOne: boolean,
): bigint {
  if (!isZeroForOne) return sqrtPrice + (amountIn * Q96) / liquidity;
  if (amountIn === 0n) return sqrtPrice;
  const scaled = liquidity * Q96;
  const product = amountIn * sqrtPrice;
  // Uniswap takes the less exact way where the exact one leaves 256 bits.
  if (product < UINT256_END && scaled + product < UINT256_END) {
    return dividedUp(scaled * sqrtPrice, scaled + product);
  }
  return dividedUp(scaled, scaled / sqrtPrice + amountIn);
}

/** Quotient of two positive numbers, rounded up. */
export function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

function ascending([one, other]: readonly [bigint, bigint]): readonly [bigint, bigint] {
  return one < other ? [one, other] : [other, one];
}
