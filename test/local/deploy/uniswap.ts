import { maxUint256 } from "viem";
import type { Address } from "#shared/units/ids.ts";
import { type Artifact, call, create, thirdParty } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";

/** Uniswap v3 on one chain. */
export type Uniswap = {
  readonly uniswapFactory: Address;
  readonly swapRouter: Address;
  readonly quoterV2: Address;
  readonly positionManager: Address;
};

/** A token amount that has the same value as `amount` of the other token of its pool. */
type PoolSide = { readonly token: Address; readonly amountRaw: bigint };

export type PoolPlan = {
  readonly base: PoolSide;
  readonly quote: PoolSide;
  /** Hundredths of a basis point: 500 or 3000. */
  readonly fee: number;
};

/** Liquidity lies this many ticks to both sides of the start: prices from 0.45 to 2.2 times it. */
const HALF_WIDTH_TICKS = 8_000;
const TICK_SPACING: Readonly<Record<number, number>> = { 100: 1, 500: 10, 3000: 60, 10000: 200 };

export async function deployUniswap(lane: Lane, weth: Address): Promise<Uniswap> {
  const uniswapFactory = await create(lane, thirdParty("UniswapV3Factory"));
  const swapRouter = await create(lane, thirdParty("SwapRouter"), [uniswapFactory, weth]);
  const quoterV2 = await create(lane, thirdParty("QuoterV2"), [uniswapFactory, weth]);
  // The third address describes positions as pictures; nothing here asks for one.
  const positionManager = await create(lane, thirdParty("NonfungiblePositionManager"), [
    uniswapFactory,
    weth,
    weth,
  ]);
  return { uniswapFactory, swapRouter, quoterV2, positionManager };
}

/** Lets the position manager spend the lane's tokens. */
export async function approvePositionManager(
  lane: Lane,
  positionManager: Address,
  tokens: readonly { readonly artifact: Artifact; readonly address: Address }[],
): Promise<void> {
  for (const token of tokens) await call(lane, token, "approve", [positionManager, maxUint256]);
}

/**
 * Creates a pool at the price that makes both sides of the plan equal in value, and adds both sides as
 * one position of the lane's account. Its address follows from {@link poolAddressOf}.
 */
export async function createPool(
  lane: Lane,
  positionManager: Address,
  plan: PoolPlan,
): Promise<void> {
  const manager = { artifact: thirdParty("NonfungiblePositionManager"), address: positionManager };
  const baseIsFirst = BigInt(plan.base.token) < BigInt(plan.quote.token);
  const [first, second] = baseIsFirst ? [plan.base, plan.quote] : [plan.quote, plan.base];
  const sqrtPriceX96 = squareRoot((second.amountRaw << 192n) / first.amountRaw);
  await call(lane, manager, "createAndInitializePoolIfNecessary", [
    first.token,
    second.token,
    plan.fee,
    sqrtPriceX96,
  ]);
  const spacing = TICK_SPACING[plan.fee] ?? 200;
  const tick = Math.log(Number(second.amountRaw) / Number(first.amountRaw)) / Math.log(1.0001);
  await call(lane, manager, "mint", [
    {
      token0: first.token,
      token1: second.token,
      fee: plan.fee,
      tickLower: Math.floor((tick - HALF_WIDTH_TICKS) / spacing) * spacing,
      tickUpper: Math.ceil((tick + HALF_WIDTH_TICKS) / spacing) * spacing,
      amount0Desired: first.amountRaw,
      amount1Desired: second.amountRaw,
      amount0Min: 0n,
      amount1Min: 0n,
      recipient: lane.address,
      deadline: 2n ** 64n,
    },
  ]);
}

/** Integer square root, rounded down. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
