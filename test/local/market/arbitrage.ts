import { encodeFunctionData, erc20Abi, maxUint256, type PublicClient } from "viem";
import type { Address } from "#shared/units/ids.ts";
import { encodeCall, thirdParty } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";

/** A pool and what is needed to move it. */
export type ArbitragePool = {
  readonly address: Address;
  /** Hundredths of a basis point. */
  readonly fee: number;
  readonly swapRouter: Address;
  readonly base: { readonly token: Address; readonly decimals: number };
  readonly quote: { readonly token: Address; readonly decimals: number };
};

const SWAP_GAS = 700_000n;
/** The most one trade may spend: the arbitrageur's whole purse; the price limit ends the trade long before. */
const AMOUNT_IN_MAX = 2n ** 127n;
const FEE_UNITS = 1_000_000;

/** Lets the router spend the arbitrageur's tokens. */
export async function approveRouter(lane: Lane, pool: ArbitragePool): Promise<void> {
  for (const token of [pool.base.token, pool.quote.token]) {
    const data = encodeFunctionData({
      abi: erc20Abi,
      functionName: "approve",
      args: [pool.swapRouter, maxUint256],
    });
    await lane.submit({ label: "approve the router", to: token, data, gas: 100_000n });
  }
}

/**
 * Brings a pool back to a price if it is off by more than the pool's fee; returns whether it traded.
 *
 * @param price Quote units per base unit.
 */
export async function arbitrage(
  client: PublicClient,
  lane: Lane,
  pool: ArbitragePool,
  price: number,
): Promise<boolean> {
  const [sqrtPriceX96] = (await client.readContract({
    address: pool.address,
    abi: thirdParty("UniswapV3Pool").abi,
    functionName: "slot0",
  })) as readonly [bigint];
  const baseIsFirst = BigInt(pool.base.token) < BigInt(pool.quote.token);
  const targetX96 = sqrtPriceX96Of(pool, price);
  const offBy = (Number(targetX96) / Number(sqrtPriceX96)) ** 2 - 1;
  if (Math.abs(offBy) <= pool.fee / FEE_UNITS) return false;
  // The pool's price is second token per first: it rises when the second is sold to the pool.
  const sellsSecond = targetX96 > sqrtPriceX96;
  const sellsBase = sellsSecond !== baseIsFirst;
  const [tokenIn, tokenOut] = sellsBase
    ? [pool.base.token, pool.quote.token]
    : [pool.quote.token, pool.base.token];
  await lane.submit({
    label: `arbitrage ${pool.address}`,
    to: pool.swapRouter,
    data: encodeCall(thirdParty("SwapRouter"), "exactInputSingle", [
      {
        tokenIn,
        tokenOut,
        fee: pool.fee,
        recipient: lane.address,
        deadline: maxUint256,
        amountIn: await spendable(client, lane.address, tokenIn),
        amountOutMinimum: 0n,
        sqrtPriceLimitX96: targetX96,
      },
    ]),
    gas: SWAP_GAS,
  });
  return true;
}

/** Square root price of a pool, 96 fractional bits, at `price` quote units per base unit. */
function sqrtPriceX96Of(pool: Pick<ArbitragePool, "base" | "quote">, price: number): bigint {
  const raw = price * 10 ** (pool.quote.decimals - pool.base.decimals);
  const baseIsFirst = BigInt(pool.base.token) < BigInt(pool.quote.token);
  return BigInt(Math.round(Math.sqrt(baseIsFirst ? raw : 1 / raw) * 2 ** 96));
}

async function spendable(client: PublicClient, owner: Address, token: Address): Promise<bigint> {
  const balance = await client.readContract({
    address: token,
    abi: erc20Abi,
    functionName: "balanceOf",
    args: [owner],
  });
  return balance < AMOUNT_IN_MAX ? balance : AMOUNT_IN_MAX;
}
