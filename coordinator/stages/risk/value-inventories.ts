import type { CreditedNet, ValuedInventory } from "#coordinator/records/planning/credited-net.ts";
import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import { addGreeks, type Greeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import { valueOption } from "#shared/risk/pricing/option-position.ts";
import type { InventoryLine, ShardReport } from "#shared/wire/shard-report.ts";

/**
 * Values the inventories that reports tell of on the snapshot of all books, each source once.
 *
 * @param carried Shards whose last report is only carried: what they read is stale too.
 * @param creditFraction Share of an inventory that counts; the rest is the haircut for what befalls its owner
 * together with us.
 */
export function valueInventories(
  reports: readonly ShardReport[],
  snapshot: MarketSnapshot,
  o: { readonly carried: ReadonlySet<string>; readonly creditFraction: number },
): ValuedInventory[] {
  const bySource = new Map<string, ValuedInventory>();
  for (const { shard, inventories } of reports) {
    for (const line of inventories) {
      const greeks = greeksOf(line, snapshot);
      const isStale = line.isStale || o.carried.has(shard);
      const { source, underlying, netAssetValueUsd, freeUsd } = line;
      const creditFraction = isStale || greeks === null ? 0 : o.creditFraction;
      const valued = { source, shard, underlying, netAssetValueUsd, freeUsd };
      // Two shards may read one owner; a fresh reading replaces a stale one.
      if (bySource.get(source)?.isStale !== false)
        bySource.set(source, { ...valued, isStale, greeks, creditFraction });
    }
  }
  return [...bySource.values()];
}

/** The net of one underlying beside what others hold of it. */
export function creditNet(
  underlying: string,
  net: Greeks,
  inventories: readonly ValuedInventory[],
): CreditedNet {
  const own = inventories.filter((one) => one.underlying === underlying);
  const greeks = own.reduce((total, { greeks: theirs, creditFraction }) => {
    return theirs === null
      ? total
      : addGreeks(
          total,
          mapGreeks(theirs, (greek) => greek * creditFraction),
        );
  }, net);
  return { inventories: own, greeks };
}

/** Null without a market to value them on. */
function greeksOf(
  { underlying, lines, hedgeUnits }: InventoryLine,
  snapshot: MarketSnapshot,
): Greeks | null {
  const found = snapshot.underlyings.get(underlying);
  if (found === undefined || found.refused !== null || found.spotUsd === null) return null;
  const { spotUsd, slices } = found;
  const market = { spotUsd, slices, nowMs: snapshot.asOfMs, rate: 0, carry: 0 };
  const live = lines.filter((line) => line.expiryMs > snapshot.asOfMs);
  try {
    return live.reduce(
      (total, line) =>
        addGreeks(
          total,
          mapGreeks(valueOption(line, market), (greek) => greek),
        ),
      { ...ZERO_GREEKS, deltaUnits: hedgeUnits },
    );
  } catch (error) {
    // The surface has no sane value at some strike.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
