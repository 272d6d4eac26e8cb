import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type {
  MarketSnapshot,
  UnderlyingSnapshot,
} from "#coordinator/records/planning/market-snapshot.ts";
import type { Mismatch } from "#coordinator/stages/audit/differ.ts";
import { valueBooks } from "#coordinator/stages/risk/value-books.ts";
import { type Greeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import { valueOption } from "#shared/risk/pricing/option-position.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/**
 * All but rho: agents hold the carry to the rate and the coordinator holds it fixed (docs/risk-model.md,
 * section 2), and nothing is decided on it.
 */
const GREEKS = (Object.keys(ZERO_GREEKS) as (keyof Greeks)[]).filter(
  (greek) => greek !== "rhoUsdPerRatePoint",
);

/**
 * The first figure of a report that does not follow from its own book and its own market at its own
 * block: Greeks by underlying and expiry, scenario P&L on the standard grid, marks. The coordinator's own
 * snapshot is not used, so an honest difference of feeds is none here. Undefined also when the market it
 * reports cannot value its book at all.
 *
 * @param tolerance Largest difference, as a fraction of the larger figure.
 */
export function checkFigures(entry: BookEntry, tolerance: number): Mismatch | undefined {
  const snapshot = ownMarket(entry.report);
  const [valuation] = valueBooks([entry], snapshot, new Set());
  if (valuation === undefined || valuation.unvalued.size > 0) return undefined;
  const underlyings = [...valuation.underlyings.values()];
  const size = entry.report.book.reduce((sum, line) => sum + Math.abs(line.quantity), 1);
  for (const one of underlyings) {
    for (const line of one.lines) {
      const said = entry.report.greeks.find((greek) => {
        return greek.underlying === one.underlying && greek.expiryMs === line.expiryMs;
      });
      for (const greek of GREEKS) {
        const [is, was] = [line.greeks[greek], said?.[greek] ?? 0];
        if (isNear(is, was, tolerance, 1e-6 * size)) continue;
        const name = `${one.underlying} ${line.expiryMs ?? "spot"} ${greek}`;
        return { said: `${name} ${was}`, found: `${name} ${is}` };
      }
    }
  }
  return (
    extraGreeks(entry.report, underlyings) ??
    checkGrid(entry.report, underlyings, tolerance) ??
    checkMarks(entry.report, snapshot, tolerance)
  );
}

function isNear(one: number, other: number, tolerance: number, floor: number): boolean {
  const larger = Math.max(Math.abs(one), Math.abs(other));
  return Math.abs(one - other) <= tolerance * larger + floor;
}

function ownMarket(report: ShardReport): MarketSnapshot {
  const { timestampMs } = report.block;
  const cash = report.collateral.find((line) => line.underlying === null);
  const underlyings = report.market.map((line): [string, UnderlyingSnapshot] => {
    const slices = line.volatility
      .filter((slice) => slice.expiryMs > timestampMs)
      .sort((one, other) => one.expiryMs - other.expiryMs);
    const { underlying, spotUsd, source } = line;
    const base = {
      underlying,
      spotUsd,
      sources: [],
      volatilitySource: source,
      spotSpreadFraction: null,
    };
    return [underlying, { ...base, slices, refused: null }];
  });
  return {
    asOfMs: timestampMs,
    underlyings: new Map(underlyings),
    settlementUsd: cash?.priceUsd ?? null,
  };
}

type Valued = ReadonlyArray<
  NonNullable<ReturnType<ReturnType<typeof valueBooks>[number]["underlyings"]["get"]>>
>;

function extraGreeks({ greeks }: ShardReport, valued: Valued): Mismatch | undefined {
  const extra = greeks.find((line) => {
    const one = valued.find((candidate) => candidate.underlying === line.underlying);
    const isKnown = one?.lines.some((own) => own.expiryMs === line.expiryMs) === true;
    return !isKnown && GREEKS.some((greek) => line[greek] !== 0);
  });
  if (extra === undefined) return undefined;
  const name = `${extra.underlying} ${extra.expiryMs ?? "spot"}`;
  return { said: `Greeks of ${name}`, found: `no position of ${name}` };
}

function checkGrid(
  { scenarioPnlUsd }: ShardReport,
  valued: Valued,
  tolerance: number,
): Mismatch | undefined {
  if (scenarioPnlUsd.length !== STANDARD_GRID.length) {
    const found = `${STANDARD_GRID.length} scenarios`;
    return { said: `${scenarioPnlUsd.length} scenarios`, found };
  }
  const own = STANDARD_GRID.map((_, at) =>
    valued.reduce((sum, one) => sum + (one.gridPnlUsd[at] ?? 0), 0),
  );
  const scaleUsd = Math.max(...own.map(Math.abs), ...scenarioPnlUsd.map(Math.abs));
  const at = own.findIndex((pnlUsd, index) => {
    return Math.abs(pnlUsd - (scenarioPnlUsd[index] ?? 0)) > tolerance * scaleUsd + 0.01;
  });
  if (at < 0) return undefined;
  const name = `P&L in scenario ${at}`;
  return { said: `${name} ${scenarioPnlUsd[at]} USD`, found: `${name} ${own[at]} USD` };
}

function checkMarks(
  report: ShardReport,
  snapshot: MarketSnapshot,
  tolerance: number,
): Mismatch | undefined {
  for (const line of report.book) {
    const market = snapshot.underlyings.get(line.underlying);
    const isLive = line.expiryMs > snapshot.asOfMs && line.quantity !== 0;
    if (!isLive || market === undefined || market.spotUsd === null) continue;
    const { priceUsd } = valueOption(
      { ...line, quantity: 1 },
      { spotUsd: market.spotUsd, slices: market.slices, nowMs: snapshot.asOfMs },
    );
    if (isNear(priceUsd, line.markUsd, tolerance, 1e-6 * market.spotUsd)) continue;
    const name = `mark of series ${line.seriesId}`;
    return { said: `${name} ${line.markUsd} USD`, found: `${name} ${priceUsd} USD` };
  }
  return undefined;
}
