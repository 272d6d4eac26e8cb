import { maxUint256, parseAbi, zeroHash } from "viem";
import type { AuditView } from "#coordinator/adapters/audit/audit-view.ts";
import {
  type AuditQuestions,
  type DepthQuestion,
  lineKey,
  type PerpDepthQuestion,
  type ProvedLine,
  partKey,
} from "#coordinator/records/safety/chain-audit.ts";
import { curieAdapterAbi } from "#shared/evm/abi/curie-adapter.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { uniswapV3AdapterAbi } from "#shared/evm/abi/uniswap-v3-adapter.ts";
import type { Address } from "#shared/units/ids.ts";

const poolAbi = parseAbi([
  "function fee() view returns (uint24)",
  "struct QuoteParams { address tokenIn; address tokenOut; uint256 amountIn; uint24 fee; uint160 sqrtPriceLimitX96; }",
  "function quoteExactInputSingle(QuoteParams params) returns (uint256 amountOut, uint160 sqrtPriceX96After, uint32 ticksCrossed, uint256 gasEstimate)",
  "struct Order { address baseToken; bool isBaseToQuote; bool isExactInput; uint256 amount; uint256 oppositeAmountBound; uint256 deadline; uint160 sqrtPriceLimitX96; bytes32 referralCode; }",
  "function openPosition(Order order) returns (uint256 base, uint256 quote)",
]);

/** Uniswap fees are hundredths of a basis point. */
const FEE_UNIT = 1e-6;
/** Where Uniswap's prices end: a quote that stops there has run out of liquidity (contracts/src/ShardLens.sol). */
const LOWEST_SQRT_PRICE = 4_295_128_740n;
const HIGHEST_SQRT_PRICE = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341n;

type PoolState = { readonly takesTrades: boolean };

/**
 * Pools that a report names, by the contract through which it says they are traded on; one that is none is missing. One
 * through which the vault allows no trades takes none.
 */
export async function poolLines(
  { part, tryView }: AuditView,
  vault: Address,
  pools: AuditQuestions["pools"],
): Promise<ProvedLine[]> {
  const lines = pools.map(async ({ adapter, pool }): Promise<ProvedLine[]> => {
    const stateOf = { abi: uniswapV3AdapterAbi, to: adapter, name: "poolState", args: [pool] };
    const answers = await part(partKey("pool", adapter, pool), () =>
      Promise.all([
        tryView<number>({ abi: poolAbi, to: pool, name: "fee" }),
        tryView<PoolState>(stateOf),
        tryView<boolean>({ abi: shardVaultAbi, to: vault, name: "venueAllowed", args: [adapter] }),
      ]),
    );
    const [fee, state, isAllowed] = answers ?? [null, null, null];
    if (fee === null || state === null || isAllowed === null) return [];
    const fields = { feeFraction: fee * FEE_UNIT, acceptsTrades: state.takesTrades && isAllowed };
    return [{ list: "capacity", key: lineKey(adapter, pool), fields, isEmpty: true }];
  });
  return (await Promise.all(lines)).flat();
}

/** What a pool pays, by Uniswap's own quoter: 0 where it cannot fill the amount; null when there is no quoter or no such pool. */
export async function quoteDepth(
  { tryView }: AuditView,
  quoter: Address | null,
  { pool, assetIn, assetOut, amountInRaw }: DepthQuestion,
): Promise<bigint | null> {
  const fee = quoter && (await tryView<number>({ abi: poolAbi, to: pool, name: "fee" }));
  if (quoter === null || fee === null) return null;
  const amountIn = BigInt(amountInRaw);
  const params = { tokenIn: assetIn, tokenOut: assetOut, amountIn, fee, sqrtPriceLimitX96: 0n };
  const quote = { abi: poolAbi, to: quoter, name: "quoteExactInputSingle", args: [params] };
  const answer = await tryView<readonly [bigint, bigint]>(quote);
  if (answer === null) return 0n;
  const [amountOut, sqrtPriceAfter] = answer;
  const ranOut = sqrtPriceAfter <= LOWEST_SQRT_PRICE || sqrtPriceAfter >= HIGHEST_SQRT_PRICE;
  return ranOut ? 0n : amountOut;
}

/**
 * What a size costs or brings at Curie, by making the trade in the name of the vault's account: fee and price are the
 * same for everybody. Null where Curie refuses, which may be for want of margin alone.
 */
export async function quotePerp(
  { tryView }: AuditView,
  accounts: readonly Address[],
  { adapter, market, side, sizeE18 }: PerpDepthQuestion,
): Promise<bigint | null> {
  if (!accounts.some((one) => one.toLowerCase() === adapter.toLowerCase())) return null;
  const house = await tryView<Address>({
    abi: curieAdapterAbi,
    to: adapter,
    name: "clearingHouse",
  });
  if (house === null) return null;
  const isSale = side === "sell";
  const order = {
    baseToken: market,
    isBaseToQuote: isSale,
    isExactInput: isSale,
    amount: BigInt(sizeE18),
    oppositeAmountBound: isSale ? 0n : maxUint256,
    deadline: maxUint256,
    sqrtPriceLimitX96: 0n,
    referralCode: zeroHash,
  };
  const trade = { abi: poolAbi, to: house, name: "openPosition", args: [order], from: adapter };
  const answer = await tryView<readonly [bigint, bigint]>(trade);
  return answer === null ? null : answer[1];
}
