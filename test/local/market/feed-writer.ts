import type { Address, Hex } from "#shared/units/ids.ts";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import { PRICE_DECIMALS } from "#test/local/deploy/world-parameters.ts";
import type { FeedSlice } from "#test/local/market/surface.ts";

const PUSH_GAS = 120_000n;
const SLICE_GAS = 2_000_000n;

/** Starts a new round of a price feed; returns the hash of the transaction, before its block. */
export async function pushPrice(lane: Lane, feed: Address, priceUsd: number): Promise<Hex> {
  const answer = BigInt(Math.round(priceUsd * 10 ** PRICE_DECIMALS));
  return lane.submit({
    label: `price ${priceUsd}`,
    to: feed,
    data: encodeCall(own("SettablePriceFeed"), "push", [answer]),
    gas: PUSH_GAS,
  });
}

/** Replaces an underlying's slices; returns when the transaction is accepted, before its block. */
export async function setSlices(
  lane: Lane,
  feed: Address,
  surface: { readonly underlying: Address; readonly slices: readonly FeedSlice[] },
): Promise<void> {
  await lane.submit({
    label: "volatility slices",
    to: feed,
    data: encodeCall(own("SettableVolatilityFeed"), "setSlices", [
      surface.underlying,
      surface.slices,
    ]),
    gas: SLICE_GAS,
  });
}
