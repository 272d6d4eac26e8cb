import { type ChainAudit, partKey } from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { differ, type Mismatch } from "#coordinator/stages/audit/differ.ts";
import type { MarketLine, ShardReport } from "#shared/wire/shard-report.ts";

/**
 * The first price, time of a price, or slice of volatility in a report that the vault's own feeds do not give at its
 * block. Feeds are read at one block hash: there is no tolerance.
 */
export function compareMarket(
  report: ShardReport,
  audit: ChainAudit,
  setup: ShardSetup,
): Mismatch | undefined {
  return compareSpots(report, audit, setup) ?? compareCollateral(report, audit);
}

function compareSpots(
  { market }: ShardReport,
  { prices, volatility, unseen }: ChainAudit,
  { underlyings }: ShardSetup,
): Mismatch | undefined {
  for (const { ticker, token } of underlyings) {
    const price = prices.get(token.toLowerCase());
    const line = market.find((one) => one.underlying === ticker);
    const slices = unseen.has(partKey("volatility", token))
      ? null
      : volatility && (volatility.get(token.toLowerCase()) ?? []);
    if (unseen.has(partKey("feed", token))) {
      const mismatch = slices && compareSlices(ticker, line?.volatility ?? [], slices);
      if (mismatch) return mismatch;
      continue;
    }
    if (price === undefined) {
      if (line !== undefined) return differ(`feed of ${ticker}:`, line.spotUsd, "no feed");
      continue;
    }
    const mismatch =
      differ(`${ticker} spotUsd`, line?.spotUsd, price.priceUsd) ??
      differ(`${ticker} spotUpdatedAtMs`, line?.spotUpdatedAtMs, price.updatedAtMs) ??
      (slices === null ? undefined : compareSlices(ticker, line?.volatility ?? [], slices));
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

type Slices = MarketLine["volatility"];
const SLICE_FIELDS = ["expiryMs", "a", "b", "rho", "m", "sigma", "updatedAtMs"] as const;

function compareSlices(ticker: string, said: Slices, found: Slices): Mismatch | undefined {
  for (let at = 0; at < Math.max(said.length, found.length); at += 1) {
    for (const field of SLICE_FIELDS) {
      const mismatch = differ(
        `${ticker} volatility[${at}].${field}`,
        said[at]?.[field],
        found[at]?.[field],
      );
      if (mismatch !== undefined) return mismatch;
    }
  }
  return undefined;
}

function compareCollateral(
  { collateral }: ShardReport,
  { prices, unseen }: ChainAudit,
): Mismatch | undefined {
  for (const { asset, token, location, priceUsd, priceUpdatedAtMs } of collateral) {
    if (unseen.has(partKey("feed", token))) continue;
    const price = prices.get(token.toLowerCase());
    const what = `${asset} in ${location}`;
    const mismatch =
      differ(`${what}: priceUsd`, priceUsd, price?.priceUsd) ??
      differ(`${what}: priceUpdatedAtMs`, priceUpdatedAtMs, price?.updatedAtMs);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}
