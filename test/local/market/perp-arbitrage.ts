import { maxUint256, type PublicClient, parseAbi, zeroHash } from "viem";
import type { Address } from "#shared/units/ids.ts";
import { encodeCall, fromPackage, thirdParty } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import { MARKET } from "#test/local/deploy/curie.ts";

/** A Curie market and what is needed to move it. */
export type PerpMarket = {
  readonly clearingHouse: Address;
  readonly market: Address;
  readonly pool: Address;
  readonly priceFeed: Address;
};

const CURIE = "@perp/curie-deployments/optimism/core/artifacts/contracts/";
const UPDATE_GAS = 400_000n;
const TRADE_GAS = 2_000_000n;
const Q96 = 2 ** 96;
/** Share of the ticks Curie lets a block cross that one trade uses. */
const TICK_SHARE = 0.8;
/** More than the pool holds: the price limit ends the trade long before. */
const AMOUNT_MAX = 10n ** 25n;
const feedAbi = parseAbi(["function update()"]);

/** Makes Curie's index take the newest price of its feed. */
export async function updateIndex(lane: Lane, { priceFeed }: PerpMarket): Promise<void> {
  const artifact = { name: "ChainlinkPriceFeedV3", abi: feedAbi, bytecode: zeroHash };
  const data = encodeCall(artifact, "update", []);
  await lane.submit({ label: "update the index", to: priceFeed, data, gas: UPDATE_GAS });
}

/**
 * Trades a market towards a price if it is off by more than the fee, as far as Curie allows within one
 * block; returns whether it traded.
 */
export async function arbitragePerp(
  client: PublicClient,
  lane: Lane,
  perp: PerpMarket,
  priceUsd: number,
): Promise<boolean> {
  const [sqrtPriceX96] = (await client.readContract({
    address: perp.pool,
    abi: thirdParty("UniswapV3Pool").abi,
    functionName: "slot0",
  })) as readonly [bigint];
  const sqrtNow = Number(sqrtPriceX96) / Q96;
  const offBy = priceUsd / sqrtNow ** 2 - 1;
  if (Math.abs(offBy) <= MARKET.fee / 1_000_000) return false;
  const reach = 1.0001 ** ((MARKET.ticksPerBlock * TICK_SHARE) / 2);
  const sqrtTarget = Math.min(sqrtNow * reach, Math.max(sqrtNow / reach, Math.sqrt(priceUsd)));
  const isSale = offBy < 0;
  const order = {
    baseToken: perp.market,
    isBaseToQuote: isSale,
    isExactInput: true,
    amount: AMOUNT_MAX,
    oppositeAmountBound: 0n,
    deadline: maxUint256,
    sqrtPriceLimitX96: BigInt(Math.round(sqrtTarget * Q96)),
    referralCode: zeroHash,
  };
  const house = fromPackage(`${CURIE}ClearingHouse.sol/ClearingHouse.json`);
  await lane.submit({
    label: `arbitrage ${perp.pool}`,
    to: perp.clearingHouse,
    data: encodeCall(house, "openPosition", [order]),
    gas: TRADE_GAS,
  });
  return true;
}
