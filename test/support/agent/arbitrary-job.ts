import fc from "fast-check";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";

/** Any bytes of a length, as lower-case hex. */
function bytes(length: number): fc.Arbitrary<Hex> {
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((value): Hex => `0x${Buffer.from(value).toString("hex")}`);
}

const address: fc.Arbitrary<Address> = bytes(20);
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(String);
const signed = fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n - 1n }).map(String);
const poolTrade = { venue: address, pool: address, assetIn: address, assetOut: address };
const move = { venue: address, asset: address, amountRaw: signed, minReceiptRaw: unsigned };

/** Any parameters of each kind that its schema admits, to the ends of every type; the compiler asks for the next kind. */
export const ARBITRARY_PARAMS: { readonly [K in JobParams["kind"]]: fc.Arbitrary<JobParams> } = {
  swap: fc.record({
    kind: fc.constant("swap"),
    ...poolTrade,
    amountInRaw: unsigned,
    minAmountOutRaw: unsigned,
    minCapitalAfterRaw: signed,
  }),
  "swap-exact-output": fc.record({
    kind: fc.constant("swap-exact-output"),
    ...poolTrade,
    amountOutRaw: unsigned,
    maxAmountInRaw: unsigned,
    minCapitalAfterRaw: signed,
  }),
  transfer: fc.record({
    kind: fc.constant("transfer"),
    dstEid: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    dstVault: bytes(32),
    amountRaw: unsigned,
    minAmountRaw: unsigned,
    lzReceiveGas: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    minCapitalAfterRaw: signed,
  }),
  "lend-move": fc.record({
    kind: fc.constant("lend-move"),
    ...move,
    minHealthFactorE18: unsigned,
    minCapitalAfterRaw: signed,
  }),
  "margin-move": fc.record({
    kind: fc.constant("margin-move"),
    ...move,
    minMarginRatioE18: unsigned,
    minCapitalAfterRaw: signed,
  }),
  "perp-change": fc.record({
    kind: fc.constant("perp-change"),
    venue: address,
    market: address,
    sizeE18: signed,
    worstPriceE8: unsigned,
    minMarginRatioE18: unsigned,
    minCapitalAfterRaw: signed,
  }),
  "option-trade": fc.record({
    kind: fc.constant("option-trade"),
    venue: address,
    market: address,
    strikeId: unsigned,
    optionType: fc.constantFrom("call", "put"),
    quantityE18: signed,
    worstPremiumE8: unsigned,
    minCapitalAfterRaw: signed,
  }),
};
