import type { Address, Hex } from "#shared/units/ids.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";

type Place = { readonly venue: Address; readonly minCapitalAfter: bigint };
type SwapPlace = Place & {
  readonly pool: Address;
  readonly assetIn: Address;
  readonly assetOut: Address;
};

/** Parameters of a mandate as calldata has them. */
export type ParamsStruct =
  | (SwapPlace & { readonly amountIn: bigint; readonly minAmountOut: bigint })
  | (SwapPlace & { readonly amountOut: bigint; readonly maxAmountIn: bigint })
  | (Place & {
      readonly asset: Address;
      readonly amount: bigint;
      readonly minReceipt: bigint;
      readonly minHealthFactor: bigint;
    })
  | (Place & {
      readonly asset: Address;
      readonly amount: bigint;
      readonly minReceipt: bigint;
      readonly minMarginRatio: bigint;
    })
  | (Place & {
      readonly market: Address;
      readonly size: bigint;
      readonly worstPrice: bigint;
      readonly minMarginRatio: bigint;
    })
  | (Place & {
      readonly market: Address;
      readonly strikeId: bigint;
      readonly isCall: boolean;
      readonly quantity: bigint;
      readonly worstPremium: bigint;
    })
  | {
      readonly dstEid: number;
      readonly dstVault: Hex;
      readonly amount: bigint;
      readonly minAmount: bigint;
      readonly lzReceiveGas: bigint;
      readonly minCapitalAfter: bigint;
    };

/** Addresses of calldata come back checksummed; the sites are lower case. */
function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}

/** The parameters of a job again. */
export function paramsOf(struct: ParamsStruct): JobParams {
  const minCapitalAfterRaw = struct.minCapitalAfter.toString();
  if ("dstEid" in struct)
    return {
      kind: "transfer",
      dstEid: struct.dstEid,
      dstVault: struct.dstVault,
      amountRaw: struct.amount.toString(),
      minAmountRaw: struct.minAmount.toString(),
      lzReceiveGas: Number(struct.lzReceiveGas),
      minCapitalAfterRaw,
    };
  const venue = lower(struct.venue);
  if ("size" in struct)
    return {
      kind: "perp-change",
      venue,
      market: lower(struct.market),
      sizeE18: struct.size.toString(),
      worstPriceE8: struct.worstPrice.toString(),
      minMarginRatioE18: struct.minMarginRatio.toString(),
      minCapitalAfterRaw,
    };
  if ("strikeId" in struct)
    return {
      kind: "option-trade",
      venue,
      market: lower(struct.market),
      strikeId: struct.strikeId.toString(),
      optionType: struct.isCall ? "call" : "put",
      quantityE18: struct.quantity.toString(),
      worstPremiumE8: struct.worstPremium.toString(),
      minCapitalAfterRaw,
    };
  if ("pool" in struct) return swapOf(struct);
  const move = {
    venue,
    asset: lower(struct.asset),
    amountRaw: struct.amount.toString(),
    minReceiptRaw: struct.minReceipt.toString(),
    minCapitalAfterRaw,
  };
  return "minHealthFactor" in struct
    ? { kind: "lend-move", ...move, minHealthFactorE18: struct.minHealthFactor.toString() }
    : { kind: "margin-move", ...move, minMarginRatioE18: struct.minMarginRatio.toString() };
}

function swapOf(struct: Extract<ParamsStruct, { pool: Address }>): JobParams {
  const place = {
    venue: lower(struct.venue),
    pool: lower(struct.pool),
    assetIn: lower(struct.assetIn),
    assetOut: lower(struct.assetOut),
    minCapitalAfterRaw: struct.minCapitalAfter.toString(),
  };
  return "amountOut" in struct
    ? {
        kind: "swap-exact-output",
        ...place,
        amountOutRaw: struct.amountOut.toString(),
        maxAmountInRaw: struct.maxAmountIn.toString(),
      }
    : {
        kind: "swap",
        ...place,
        amountInRaw: struct.amountIn.toString(),
        minAmountOutRaw: struct.minAmountOut.toString(),
      };
}
