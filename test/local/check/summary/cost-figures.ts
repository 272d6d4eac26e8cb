import type { HedgeCost, SideCost } from "#test/local/check/summary/hedging-cost.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import { UNHEDGED_REASONS } from "#test/local/observe/naive-hedger.ts";
import type { NaiveLine } from "#test/local/observe/naive-run.ts";

type NaiveFigures = NonNullable<Summary["naive"]>;

const HOUR_MS = 3_600_000;

/** Adds up what hedging and transferring cost. */
export function costFigures(
  hedges: readonly HedgeCost[],
  sides: readonly SideCost[],
): NonNullable<Summary["hedgingCost"]> {
  const shortfallUsd = total(hedges, (h) => h.shortfallUsd);
  const shortfallPoolFeesUsd = total(hedges, (h) => h.poolFeeUsd);
  const gasUsd = total(hedges, (h) => h.gasUsd);
  const failedGasUsd = total(sides, (s) => s.failedGasUsd);
  const transferGasUsd = total(sides, (s) => s.transferGasUsd);
  const bridgeFeeUsd = total(sides, (s) => s.bridgeFeeUsd);
  return {
    hedges: hedges.length,
    turnoverUsd: total(hedges, (h) => h.turnoverUsd),
    shortfallUsd,
    shortfallPoolFeesUsd,
    shortfallPriceUsd: shortfallUsd - shortfallPoolFeesUsd,
    gasUsd,
    failedGasUsd,
    transferGasUsd,
    bridgeFeeUsd,
    totalUsd: shortfallUsd + gasUsd + failedGasUsd + transferGasUsd + bridgeFeeUsd,
  };
}

/**
 * Adds up the naive alternative over shards and underlyings.
 *
 * @param gasUsdPerTrade What one naive trade's gas is counted at.
 */
export function naiveFigures(lines: readonly NaiveLine[], gasUsdPerTrade: number): NaiveFigures {
  const books = lines.map((line) => line.book);
  const trades = total(books, (b) => b.trades);
  const shortfallUsd = total(books, (b) => b.shortfallUsd);
  const gasUsd = trades * gasUsdPerTrade;
  const watchedMs = total(books, (b) => b.watchedMs);
  return {
    trades,
    turnoverUsd: total(books, (b) => b.turnoverUsd),
    shortfallUsd,
    shortfallPoolFeesUsd: total(books, (b) => b.poolFeesUsd),
    gasUsd,
    totalUsd: shortfallUsd + gasUsd,
    shardTimeOutsideBandFraction: watchedMs > 0 ? total(books, (b) => b.outsideMs) / watchedMs : 0,
    unhedged: unhedgedFigures(lines),
  };
}

function unhedgedFigures(lines: readonly NaiveLine[]): NaiveFigures["unhedged"] {
  const figures: NaiveFigures["unhedged"] = {};
  for (const ticker of new Set(lines.map((line) => line.ticker))) {
    for (const reason of UNHEDGED_REASONS) {
      const totals = lines.filter((l) => l.ticker === ticker).map((l) => l.book.unhedged[reason]);
      const ms = total(totals, (t) => t.ms);
      if (ms === 0) continue;
      figures[`${ticker} ${reason}`] = {
        ms,
        meanUnits: total(totals, (t) => t.unitMs) / ms,
        maxUnits: Math.max(...totals.map((t) => t.maxUnits)),
        usdHours: total(totals, (t) => t.usdMs) / HOUR_MS,
        maxUsd: Math.max(...totals.map((t) => t.maxUsd)),
      };
    }
  }
  return figures;
}

function total<T>(entries: readonly T[], figureOf: (entry: T) => number): number {
  return entries.reduce((sum, entry) => sum + figureOf(entry), 0);
}
