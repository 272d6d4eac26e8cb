import { parseAbi } from "viem";
import type { ViewReader } from "#shard-agent/ports/venue.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

const abi = parseAbi([
  "function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16 observationIndex, uint16 observationCardinality, uint16 observationCardinalityNext, uint8 feeProtocol, bool unlocked)",
  "function fee() view returns (uint24)",
  "function token0() view returns (address)",
  "function priceOf(address asset) view returns (uint256)",
]);

const Q96 = 2 ** 96;
/** Uniswap fees are hundredths of a basis point. */
const FEE_UNIT = 1e-6;
const PRICE_DECIMALS = 8;

/** USD that one whole token costs when bought with the settlement asset, and brings when sold for it; fees included. */
export type ConversionRate = { readonly buyUsd: number; readonly sellUsd: number };

type Token = { readonly token: Address; readonly decimals: number };

/**
 * What a pool asks and pays for a token at its present price. For amounts that do not move it: the depth of the
 * pool is left out.
 */
export async function readConversion(
  view: ViewReader,
  o: { readonly pool: Address; readonly from: Token; readonly to: Token; readonly vault: Address },
): Promise<ConversionRate> {
  const read = <T>(to: Address, name: string, args: readonly unknown[] = []) =>
    view({ abi, to, name, args }) as Promise<T>;
  const [[sqrtPriceX96], fee, first, settlementPrice] = await Promise.all([
    read<readonly [bigint]>(o.pool, "slot0"),
    read<number>(o.pool, "fee"),
    read<Address>(o.pool, "token0"),
    read<bigint>(o.vault, "priceOf", [o.from.token]),
  ]);
  // Raw amount of the second token for one raw unit of the first.
  const ratio = (Number(sqrtPriceX96) / Q96) ** 2;
  const isFirst = BigInt(first) === BigInt(o.to.token);
  const fromPerTo = (isFirst ? ratio : 1 / ratio) * 10 ** (o.to.decimals - o.from.decimals);
  const usd = fromPerTo * unitsFromRaw(settlementPrice, PRICE_DECIMALS);
  const kept = 1 - fee * FEE_UNIT;
  return { buyUsd: usd / kept, sellUsd: usd * kept };
}
