import { parseUnits } from "viem";
import { encodeCall, fromPackage, own } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import { SETH } from "#test/local/deploy/lyra.ts";
import { pushPrice } from "#test/local/market/feed-writer.ts";
import type { MarketState } from "#test/local/market/price-path.ts";
import type { WorldPositionVenues } from "#test/local/world-description.ts";

type Lyra = NonNullable<WorldPositionVenues["lyraV1"]>;

const RATES =
  "@lyrafinance/protocol/dist/artifacts/contracts/test-helpers/TestExchangeRates.sol/TestExchangeRates.json";
const RATE_GAS = 120_000n;
/** Both boards of six strikes in all. */
const REFRESH_GAS = 4_000_000n;

/** Lets Synthetix say what every other feed of the chain says. */
export async function postLyraPrice(lane: Lane, lyra: Lyra, state: MarketState): Promise<void> {
  const rate = parseUnits(state.pricesUsd.ETH.toFixed(8), 18);
  await lane.submit({
    label: "Synthetix rate",
    to: lyra.rates,
    data: encodeCall(fromPackage(RATES), "setRateAndInvalid", [SETH, rate, false]),
    gas: RATE_GAS,
  });
}

/** What Lyra's own keepers do: caches that went stale are computed anew. The quote token's price is kept fresh too. */
export async function refreshLyra(lane: Lane, lyra: Lyra): Promise<void> {
  await pushPrice(lane, lyra.quoteFeed, 1);
  await lane.submit({
    label: "refresh Lyra's Greeks",
    to: lyra.adapter,
    data: encodeCall(own("LyraV1Adapter"), "refreshGreeks", []),
    gas: REFRESH_GAS,
  });
}
