import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type {
  MarketSnapshot,
  SpotSource,
  UnderlyingSnapshot,
} from "#coordinator/records/planning/market-snapshot.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";
import { volatilityAt } from "#shared/risk/volatility/volatility-surface.ts";
import { yearsBetween } from "#shared/units/time.ts";
import type { MarketLine } from "#shared/wire/shard-report.ts";

/**
 * One market for a whole pass. Spot is the median of the sources whose feed is fresh; it is refused
 * when none is, or when they lie further apart than the policy allows; so is all when that holds for the
 * settlement asset. Volatility is taken whole from
 * one source, the one whose at-the-money total volatility is the (lower) median; it is needed only
 * where a live option is in some book.
 *
 * @param stale Shards whose report is stale: what they last saw of the market counts only where no
 *   other shard sees it. One silent shard must not stop the others when prices move away from it.
 */
export function snapshotMarket(
  entries: readonly BookEntry[],
  policy: Policy,
  nowMs: number,
  stale: ReadonlySet<string> = new Set(),
): MarketSnapshot {
  const seen = { entries, stale };
  const cash = snapshotSettlement(seen, policy, nowMs);
  const underlyings = Object.keys(policy.underlyings).map(
    (ticker): [string, UnderlyingSnapshot] => {
      const one = snapshotUnderlying(ticker, seen, policy, nowMs);
      return [ticker, { ...one, refused: one.refused ?? cash.refused }];
    },
  );
  return { asOfMs: nowMs, underlyings: new Map(underlyings), settlementUsd: cash.priceUsd };
}

type Seen = { readonly entries: readonly BookEntry[]; readonly stale: ReadonlySet<string> };

/** What shards that still report see of something; what all of them see when none of those does. */
function believed<T>({ entries, stale }: Seen, look: (entry: BookEntry) => readonly T[]): T[] {
  const live = entries.filter((entry) => !stale.has(entry.report.shard)).flatMap(look);
  return live.length > 0 ? live : entries.flatMap(look);
}

function snapshotUnderlying(
  underlying: string,
  seen: Seen,
  policy: Policy,
  nowMs: number,
): UnderlyingSnapshot {
  const linesOf = ({ report }: BookEntry): MarketLine[] =>
    report.market.filter((line) => line.underlying === underlying);
  const sourceOf = (line: MarketLine): SpotSource => {
    return { source: line.source, spotUsd: line.spotUsd, ageMs: nowMs - line.spotUpdatedAtMs };
  };
  const { entries } = seen;
  const { feedMaxMs } = policy.staleness;
  const sources = entries.flatMap(linesOf).map(sourceOf);
  const fresh = believed(seen, (entry) =>
    linesOf(entry)
      .map(sourceOf)
      .filter((source) => source.ageMs <= feedMaxMs),
  );
  const spotUsd = medianOf(fresh.map((source) => source.spotUsd));
  const limit = policy.underlyings[underlying]?.sourceDisagreementMaxFraction ?? 0;
  const isSeen = entries.some(({ report }) => {
    const lines = report.market.filter((line) => line.underlying === underlying);
    const isFresh = lines.some((line) => nowMs - line.spotUpdatedAtMs <= feedMaxMs);
    return isFresh && !seen.stale.has(report.shard);
  });
  const spotSpreadFraction = isSeen ? limit : null;
  const none = { volatilitySource: null, slices: [] };
  const base = { underlying, spotUsd, sources, ...none, spotSpreadFraction };
  if (spotUsd === null) return { ...base, refused: "no fresh spot source" };
  const spots = fresh.map((source) => source.spotUsd);
  if (Math.max(...spots) - Math.min(...spots) > limit * spotUsd) {
    return { ...base, refused: "spot sources disagree" };
  }
  const market = { spotUsd, nowMs, feedMaxMs };
  const surface = medianSurface(
    believed(seen, (entry) => linesOf(entry).flatMap((line) => surfaceOf(line, market) ?? [])),
  );
  const volatility = { volatilitySource: surface?.source ?? null, slices: surface?.slices ?? [] };
  const needsVolatility = entries.some((entry) => hasLiveOption(entry, underlying, nowMs));
  const refused = surface === undefined && needsVolatility ? "no fresh volatility source" : null;
  return { ...base, ...volatility, refused };
}

function hasLiveOption(entry: BookEntry, underlying: string, nowMs: number): boolean {
  return entry.report.book.some((line) => {
    return line.underlying === underlying && line.quantity !== 0 && line.expiryMs > nowMs;
  });
}

type Surface = {
  readonly source: string;
  readonly slices: readonly SviSlice[];
  readonly atTheMoney: number;
};

function medianSurface(found: readonly Surface[]): Surface | undefined {
  const surfaces = [...found].sort(
    (left, right) => left.atTheMoney - right.atTheMoney || (left.source < right.source ? -1 : 1),
  );
  return surfaces[Math.floor((surfaces.length - 1) / 2)];
}

/** The slices of a source that are not expired, if all of them are fresh and they can be evaluated. */
function surfaceOf(
  line: MarketLine,
  market: { readonly spotUsd: number; readonly nowMs: number; readonly feedMaxMs: number },
): Surface | undefined {
  const live = line.volatility.filter((slice) => slice.expiryMs > market.nowMs);
  const first = live[0];
  if (first === undefined) return undefined;
  if (live.some((slice) => market.nowMs - slice.updatedAtMs > market.feedMaxMs)) return undefined;
  const slices = [...live]
    .sort((left, right) => left.expiryMs - right.expiryMs)
    .map(({ expiryMs, a, b, rho, m, sigma }): SviSlice => ({ expiryMs, a, b, rho, m, sigma }));
  const expiryMs = slices[0]?.expiryMs ?? first.expiryMs;
  try {
    const volatility = volatilityAt(slices, {
      forwardUsd: market.spotUsd,
      strikeUsd: market.spotUsd,
      expiryMs,
      nowMs: market.nowMs,
    });
    return {
      source: line.source,
      slices,
      atTheMoney: volatility * Math.sqrt(yearsBetween(market.nowMs, expiryMs)),
    };
  } catch (error) {
    // A surface outside its domain (negative variance) is no source; another shard's may serve.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Median of the fresh prices; refused like a spot when they lie too far apart: one of them values somebody's cash wrongly. */
function snapshotSettlement(
  seen: Seen,
  policy: Policy,
  nowMs: number,
): { readonly priceUsd: number | null; readonly refused: string | null } {
  const prices = believed(seen, (entry) => {
    const line = entry.report.collateral.find((candidate) => candidate.underlying === null);
    if (line === undefined || nowMs - line.priceUpdatedAtMs > policy.staleness.feedMaxMs) return [];
    return [line.priceUsd];
  });
  const priceUsd = medianOf(prices);
  if (priceUsd === null) return { priceUsd, refused: "no fresh settlement price" };
  const spread = Math.max(...prices) - Math.min(...prices);
  const isApart = spread > policy.settlement.sourceDisagreementMaxFraction * priceUsd;
  return { priceUsd, refused: isApart ? "settlement prices disagree" : null };
}

/** Median; the mean of the two middle values of an even count; null of nothing. */
export function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}
