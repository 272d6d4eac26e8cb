import { actionOf, jobIdOf, paramsHash, shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import {
  type JobParams,
  REBALANCE_JOB_VERSION,
  type RebalanceJob,
} from "#shared/wire/rebalance-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

/** Swap parameters: sell 2.5 settlement units for at least 0.001 ETH. */
export const SWAP_PARAMS: JobParams = {
  kind: "swap",
  venue: address20("7e"),
  pool: address20("90"),
  assetIn: address20("a1"),
  assetOut: address20("a2"),
  amountInRaw: "2500000",
  minAmountOutRaw: "1000000000000000",
  minCapitalAfterRaw: "-5",
};

/** Transfer parameters: 1000 settlement units to the vault on Arbitrum. */
export const TRANSFER_PARAMS: JobParams = {
  kind: "transfer",
  dstEid: 30_110,
  dstVault: hash32("0d"),
  amountRaw: "1000000000",
  minAmountRaw: "999000000",
  lzReceiveGas: 200_000,
  minCapitalAfterRaw: "0",
};

/** Lending parameters: 5000 settlement units into the account at the venue. */
export const LEND_MOVE_PARAMS: JobParams = {
  kind: "lend-move",
  venue: address20("7a"),
  asset: address20("a0"),
  amountRaw: "5000000000",
  minReceiptRaw: "4999999998",
  minHealthFactorE18: "1500000000000000000",
  minCapitalAfterRaw: "-5",
};

/** Margin parameters: 5000 settlement units into the account at the venue. */
export const MARGIN_MOVE_PARAMS: JobParams = {
  kind: "margin-move",
  venue: address20("7c"),
  asset: address20("a0"),
  amountRaw: "5000000000",
  minReceiptRaw: "4999999999",
  minMarginRatioE18: "150000000000000000",
  minCapitalAfterRaw: "-5",
};

/** Perpetual parameters: sell 1.25 units at no less than 1990 USD. */
export const PERP_CHANGE_PARAMS: JobParams = {
  kind: "perp-change",
  venue: address20("7c"),
  market: address20("7d"),
  sizeE18: "-1250000000000000000",
  worstPriceE8: "199000000000",
  minMarginRatioE18: "150000000000000000",
  minCapitalAfterRaw: "-5",
};

/** Option parameters: open two and a half calls for at most 120 USD each. */
export const OPTION_TRADE_PARAMS: JobParams = {
  kind: "option-trade",
  venue: address20("6a"),
  market: address20("60"),
  strikeId: "7",
  optionType: "call",
  quantityE18: "2500000000000000000",
  worstPremiumE8: "12000000000",
  minCapitalAfterRaw: "-5",
};

/** Exact-output parameters: buy 0.001 ETH for at most 2.5 settlement units. */
export const SWAP_EXACT_OUTPUT_PARAMS: JobParams = {
  kind: "swap-exact-output",
  venue: address20("7e"),
  pool: address20("90"),
  assetIn: address20("a1"),
  assetOut: address20("a2"),
  amountOutRaw: "1000000000000000",
  maxAmountInRaw: "2500000",
  minCapitalAfterRaw: "-5",
};

/** Parameters of every kind of job; the compiler asks for the next one. */
export const EXAMPLE_PARAMS: { readonly [K in JobParams["kind"]]: JobParams } = {
  swap: SWAP_PARAMS,
  transfer: TRANSFER_PARAMS,
  "lend-move": LEND_MOVE_PARAMS,
  "margin-move": MARGIN_MOVE_PARAMS,
  "perp-change": PERP_CHANGE_PARAMS,
  "option-trade": OPTION_TRADE_PARAMS,
  "swap-exact-output": SWAP_EXACT_OUTPUT_PARAMS,
};

/** A consistent job of shard `base` (ids and hashes agree); its signature is not a real one. */
export function aRebalanceJob(params: JobParams = SWAP_PARAMS): RebalanceJob {
  const planId = hash32("01");
  const hash = paramsHash(params);
  return {
    version: REBALANCE_JOB_VERSION,
    shard: "base",
    planId,
    step: 0,
    mandate: {
      jobId: jobIdOf({ planId, shard: "base", step: 0, paramsHash: hash }),
      epoch: 3,
      leader: address20("1e"),
      shard: shardBytes32("base"),
      action: actionOf(params),
      reportSetHash: hash32("0e"),
      notBeforeSeconds: 1_790_000_000,
      deadlineSeconds: 1_790_000_005,
      maxFeeNativeWei: params.kind === "transfer" ? "1000000000000000" : "0",
      paramsHash: hash,
    },
    params,
    signatures: [`0x${"11".repeat(65)}`],
    issuedAtMs: 1_790_000_000_700,
  };
}
