import { BaseError, ContractFunctionRevertedError, parseAbi } from "viem";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";
import type { NaiveTrade } from "#test/local/observe/naive-hedger.ts";
import type { WorldUnderlying } from "#test/local/world-description.ts";

const QUOTER_ABI = parseAbi([
  "struct ExactInput { address tokenIn; address tokenOut; uint256 amountIn; uint24 fee; uint160 sqrtPriceLimitX96; }",
  "struct ExactOutput { address tokenIn; address tokenOut; uint256 amount; uint24 fee; uint160 sqrtPriceLimitX96; }",
  "function quoteExactInputSingle(ExactInput params) returns (uint256 amount, uint160 sqrtPriceX96After, uint32, uint256)",
  "function quoteExactOutputSingle(ExactOutput params) returns (uint256 amount, uint160 sqrtPriceX96After, uint32, uint256)",
]);

/** Ends of Uniswap v3's price range (TickMath). */
const SQRT_PRICE_MIN = 4_295_128_739n;
const SQRT_PRICE_MAX = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342n;

/**
 * Settlement asset the shard's own Uniswap pool would take (buy) or give (sell) for a trade at one
 * block, pool fee included; null when the pool cannot fill it.
 *
 * @throws {Error} viem's error when the chain did not answer.
 */
export async function quoteOnPool(
  observed: ObservedChain,
  o: {
    readonly underlying: WorldUnderlying;
    readonly trade: NaiveTrade;
    readonly blockNumber: bigint;
  },
): Promise<bigint | null> {
  const { chain, client } = observed;
  const common = {
    address: chain.contracts.quoterV2,
    abi: QUOTER_ABI,
    blockNumber: o.blockNumber,
  } as const;
  const limits = { fee: o.underlying.pool.fee, sqrtPriceLimitX96: 0n };
  const [settlement, token, amount] = [
    chain.settlement.token,
    o.underlying.token,
    o.trade.amountRaw,
  ];
  try {
    const { result } =
      o.trade.side === "buy"
        ? await client.simulateContract({
            ...common,
            functionName: "quoteExactOutputSingle",
            args: [{ tokenIn: settlement, tokenOut: token, amount, ...limits }],
          })
        : await client.simulateContract({
            ...common,
            functionName: "quoteExactInputSingle",
            args: [{ tokenIn: token, tokenOut: settlement, amountIn: amount, ...limits }],
          });
    return isExhausted(result[1]) ? null : result[0];
  } catch (error) {
    const reverted =
      error instanceof BaseError && error.walk((e) => e instanceof ContractFunctionRevertedError);
    if (reverted) return null;
    throw error;
  }
}

/** A pool whose price ran to the end of its range filled only a part. */
function isExhausted(sqrtPriceAfter: bigint): boolean {
  return sqrtPriceAfter <= SQRT_PRICE_MIN + 1n || sqrtPriceAfter >= SQRT_PRICE_MAX - 1n;
}
