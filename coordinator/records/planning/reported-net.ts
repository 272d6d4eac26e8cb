import { netBook } from "#shared/risk/portfolio/net-book.ts";
import { greekQuanta } from "#shared/risk/portfolio/netting.ts";
import { addGreeks, type Greeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/**
 * What the agents themselves say their Greeks are, netted over the shards as each report comes. It is shown
 * beside the net of the coordinator's own valuation and decides nothing.
 */
export type ReportedNet = {
  /** Puts a shard's newest report in the place of its last one. */
  readonly take: (report: ShardReport) => void;
  /** Net of an underlying; null when no report names it, or one does with figures too large to add exactly. */
  readonly of: (underlying: string) => Greeks | null;
};

/** @param deltaQuantumUnits Step to which each shard's Greeks are rounded, by underlying. */
export function reportedNet(deltaQuantumUnits: ReadonlyMap<string, number>): ReportedNet {
  const quanta = new Map([...deltaQuantumUnits].map(([key, units]) => [key, greekQuanta(units)]));
  const book = netBook((underlying) => quanta.get(underlying) ?? Number.NaN);
  const known = new Map<string, ReadonlySet<string>>();
  const unaddable = new Map<string, ReadonlySet<string>>();
  const isNamed = (lists: ReadonlyMap<string, ReadonlySet<string>>, underlying: string) =>
    [...lists.values()].some((names) => names.has(underlying));
  return {
    take: (report) => {
      const sums = greeksByUnderlying(report, quanta);
      known.set(report.shard, new Set(sums.keys()));
      unaddable.delete(report.shard);
      try {
        book.replace(report.shard, sums);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        book.replace(report.shard, new Map());
        unaddable.set(report.shard, new Set(sums.keys()));
      }
    },
    of: (underlying) =>
      isNamed(known, underlying) && !isNamed(unaddable, underlying) ? book.net(underlying) : null,
  };
}

function greeksByUnderlying(
  report: ShardReport,
  quanta: ReadonlyMap<string, unknown>,
): Map<string, Greeks> {
  const sums = new Map<string, Greeks>();
  for (const line of report.greeks) {
    if (!quanta.has(line.underlying)) continue;
    sums.set(line.underlying, addGreeks(sums.get(line.underlying) ?? ZERO_GREEKS, line));
  }
  return sums;
}
