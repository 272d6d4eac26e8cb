import type {
  JobParams,
  LendMoveParams,
  MarginMoveParams,
  OptionTradeParams,
  PerpChangeParams,
  SwapExactOutputParams,
  SwapParams,
  TransferParams,
} from "#shared/wire/rebalance-job.ts";

/** One field of an EIP-712 struct. */
type TypedField = { readonly name: string; readonly type: string };

/** Parameters as EIP-712 hashes them. */
type TypedParams = {
  readonly primaryType: string;
  readonly fields: readonly TypedField[];
  readonly struct: Readonly<Record<string, unknown>>;
};

const SWAP_FIELDS = [
  { name: "venue", type: "address" },
  { name: "pool", type: "address" },
  { name: "assetIn", type: "address" },
  { name: "assetOut", type: "address" },
  { name: "amountIn", type: "uint256" },
  { name: "minAmountOut", type: "uint256" },
  { name: "minCapitalAfter", type: "int256" },
] as const;

const SWAP_EXACT_OUTPUT_FIELDS = [
  { name: "venue", type: "address" },
  { name: "pool", type: "address" },
  { name: "assetIn", type: "address" },
  { name: "assetOut", type: "address" },
  { name: "amountOut", type: "uint256" },
  { name: "maxAmountIn", type: "uint256" },
  { name: "minCapitalAfter", type: "int256" },
] as const;

const TRANSFER_FIELDS = [
  { name: "dstEid", type: "uint32" },
  { name: "dstVault", type: "bytes32" },
  { name: "amount", type: "uint256" },
  { name: "minAmount", type: "uint256" },
  { name: "lzReceiveGas", type: "uint128" },
  { name: "minCapitalAfter", type: "int256" },
] as const;

const LEND_MOVE_FIELDS = [
  { name: "venue", type: "address" },
  { name: "asset", type: "address" },
  { name: "amount", type: "int256" },
  { name: "minReceipt", type: "uint256" },
  { name: "minHealthFactor", type: "uint256" },
  { name: "minCapitalAfter", type: "int256" },
] as const;

const MARGIN_MOVE_FIELDS = [
  { name: "venue", type: "address" },
  { name: "asset", type: "address" },
  { name: "amount", type: "int256" },
  { name: "minReceipt", type: "uint256" },
  { name: "minMarginRatio", type: "uint256" },
  { name: "minCapitalAfter", type: "int256" },
] as const;

const PERP_CHANGE_FIELDS = [
  { name: "venue", type: "address" },
  { name: "market", type: "address" },
  { name: "size", type: "int256" },
  { name: "worstPrice", type: "uint256" },
  { name: "minMarginRatio", type: "uint256" },
  { name: "minCapitalAfter", type: "int256" },
] as const;

const OPTION_TRADE_FIELDS = [
  { name: "venue", type: "address" },
  { name: "market", type: "address" },
  { name: "strikeId", type: "uint256" },
  { name: "isCall", type: "bool" },
  { name: "quantity", type: "int256" },
  { name: "worstPremium", type: "uint256" },
  { name: "minCapitalAfter", type: "int256" },
] as const;

/** Swap parameters as the vault's ABI takes them. */
export function swapStruct(params: SwapParams) {
  return {
    venue: params.venue,
    pool: params.pool,
    assetIn: params.assetIn,
    assetOut: params.assetOut,
    amountIn: BigInt(params.amountInRaw),
    minAmountOut: BigInt(params.minAmountOutRaw),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Parameters of an exact-output swap as the vault's ABI takes them. */
export function swapExactOutputStruct(params: SwapExactOutputParams) {
  return {
    venue: params.venue,
    pool: params.pool,
    assetIn: params.assetIn,
    assetOut: params.assetOut,
    amountOut: BigInt(params.amountOutRaw),
    maxAmountIn: BigInt(params.maxAmountInRaw),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Transfer parameters as the vault's ABI takes them. */
export function transferStruct(params: TransferParams) {
  return {
    dstEid: params.dstEid,
    dstVault: params.dstVault,
    amount: BigInt(params.amountRaw),
    minAmount: BigInt(params.minAmountRaw),
    lzReceiveGas: BigInt(params.lzReceiveGas),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Parameters of a lending move as the venue desk's ABI takes them. */
export function lendMoveStruct(params: LendMoveParams) {
  return {
    venue: params.venue,
    asset: params.asset,
    amount: BigInt(params.amountRaw),
    minReceipt: BigInt(params.minReceiptRaw),
    minHealthFactor: BigInt(params.minHealthFactorE18),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Parameters of a margin move as the venue desk's ABI takes them. */
export function marginMoveStruct(params: MarginMoveParams) {
  return {
    venue: params.venue,
    asset: params.asset,
    amount: BigInt(params.amountRaw),
    minReceipt: BigInt(params.minReceiptRaw),
    minMarginRatio: BigInt(params.minMarginRatioE18),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Parameters of a perpetual trade as the venue desk's ABI takes them. */
export function perpChangeStruct(params: PerpChangeParams) {
  return {
    venue: params.venue,
    market: params.market,
    size: BigInt(params.sizeE18),
    worstPrice: BigInt(params.worstPriceE8),
    minMarginRatio: BigInt(params.minMarginRatioE18),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Parameters of an option trade as the venue desk's ABI takes them. */
export function optionTradeStruct(params: OptionTradeParams) {
  return {
    venue: params.venue,
    market: params.market,
    strikeId: BigInt(params.strikeId),
    isCall: params.optionType === "call",
    quantity: BigInt(params.quantityE18),
    worstPremium: BigInt(params.worstPremiumE8),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/**
 * Parameters with the EIP-712 type of their struct in contracts/src/types/Mandate.sol; a change there is
 * a change here and breaks every signature.
 */
export function typedParams(params: JobParams): TypedParams {
  switch (params.kind) {
    case "swap":
      return { primaryType: "SwapParams", fields: SWAP_FIELDS, struct: swapStruct(params) };
    case "swap-exact-output": {
      const struct = swapExactOutputStruct(params);
      return { primaryType: "SwapExactOutputParams", fields: SWAP_EXACT_OUTPUT_FIELDS, struct };
    }
    case "transfer": {
      const struct = transferStruct(params);
      return { primaryType: "TransferParams", fields: TRANSFER_FIELDS, struct };
    }
    case "lend-move": {
      const struct = lendMoveStruct(params);
      return { primaryType: "LendMoveParams", fields: LEND_MOVE_FIELDS, struct };
    }
    case "margin-move": {
      const struct = marginMoveStruct(params);
      return { primaryType: "MarginMoveParams", fields: MARGIN_MOVE_FIELDS, struct };
    }
    case "perp-change": {
      const struct = perpChangeStruct(params);
      return { primaryType: "PerpChangeParams", fields: PERP_CHANGE_FIELDS, struct };
    }
    case "option-trade": {
      const struct = optionTradeStruct(params);
      return { primaryType: "OptionTradeParams", fields: OPTION_TRADE_FIELDS, struct };
    }
  }
}
