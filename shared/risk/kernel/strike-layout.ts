import {
  type BucketForward,
  type BucketMarket,
  bucketForward,
} from "#shared/risk/kernel/bucket-record.ts";
import { type Kernel, memoryPlan } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import {
  type GridMove,
  type GroupedGrid,
  groupedGrid,
  scenarioRecordBytes,
} from "#shared/risk/kernel/scenario-record.ts";
import {
  logRatio,
  requireNotNegative,
  requirePositive,
} from "#shared/risk/pricing/option-terms.ts";

/** Distinct strikes of one underlying and expiry, with the volatility of each. */
export type StrikeBucket = {
  readonly market: BucketMarket;
  readonly strikesUsd: readonly number[];
  readonly volatilities: readonly number[];
};

/** Exposures handed to the kernel at a time. */
export const EXPOSURES_MAX = 4096;

/** Strikes laid out in a kernel's memory for one grid. */
export type StrikeLayout = {
  readonly kernel: Kernel;
  readonly buckets: readonly StrikeBucket[];
  readonly moves: readonly GridMove[];
  readonly grid: GroupedGrid;
  /** First row of each bucket and, at the end, the number of rows. */
  readonly firstRows: readonly number[];
  readonly rowCount: number;
  /** Row and bucket of each strike. */
  readonly rowOf: Uint32Array;
  readonly bucketOf: Uint32Array;
  /** Present forward of each bucket, and years. */
  readonly forwards: { forward: BucketForward; years: number }[];
  readonly places: Places;
  /** Bytes of one holder's vector: the scenarios, padded to an even number. */
  readonly vectorBytes: number;
};

type Places = {
  readonly record: number;
  readonly strikeLegs: number;
  readonly logStrikes: number;
  readonly totalVolatilities: number;
  readonly quantities: number;
  readonly sums: number;
  readonly units: number;
  readonly exposedRows: number;
  readonly exposedQuantities: number;
  readonly vector: number;
};

/**
 * Lays out the strikes and their present markets.
 *
 * @param kernelFor A kernel with memory for so many bytes, all zero but its own tables.
 * @throws {RangeError} If a market, strike, volatility or move is out of its domain, or it needs over 2 GiB.
 */
export function strikeLayout(
  buckets: readonly StrikeBucket[],
  moves: readonly GridMove[],
  kernelFor: (bytes: number) => Kernel,
): StrikeLayout {
  const grid = groupedGrid(moves);
  const firstRows = [0];
  for (const { strikesUsd } of buckets) {
    firstRows.push((firstRows.at(-1) ?? 0) + strikesUsd.length + (strikesUsd.length % 2));
  }
  const rowCount = firstRows.at(-1) ?? 0;
  const vectorBytes = (moves.length + (moves.length % 2)) * LAYOUT.bytesPerDouble;
  const plan = memoryPlan();
  const column = rowCount * LAYOUT.bytesPerDouble;
  const places = {
    record: plan.take(scenarioRecordBytes(grid)),
    strikeLegs: plan.take(column),
    logStrikes: plan.take(column),
    totalVolatilities: plan.take(column),
    quantities: plan.take(column),
    sums: plan.take(moves.length * LAYOUT.bytesPerPair),
    units: plan.take((rowCount + buckets.length) * vectorBytes),
    exposedRows: plan.take(EXPOSURES_MAX * 4),
    exposedQuantities: plan.take(EXPOSURES_MAX * LAYOUT.bytesPerDouble),
    vector: plan.take(vectorBytes),
  };
  const kernel = kernelFor(plan.end());
  const strikeCount = buckets.reduce((count, { strikesUsd }) => count + strikesUsd.length, 0);
  const rowOf = new Uint32Array(strikeCount);
  const bucketOf = new Uint32Array(strikeCount);
  const layout = { kernel, buckets, moves, grid, firstRows, rowCount, rowOf, bucketOf };
  const forwards = buckets.map(({ market }) => forwardOf(market, market));
  const whole = { ...layout, forwards, places, vectorBytes };
  writeStrikes(whole);
  buckets.forEach(({ market, volatilities }, bucket) => {
    moveBucket(whole, bucket, { market, volatilities });
  });
  return whole;
}

function forwardOf(market: BucketMarket, first: BucketMarket) {
  return { forward: bucketForward(market, first.spotUsd), years: market.years };
}

function writeStrikes(layout: StrikeLayout): void {
  let strike = 0;
  layout.buckets.forEach(({ market, strikesUsd }, bucket) => {
    const first = layout.firstRows[bucket] ?? 0;
    strikesUsd.forEach((strikeUsd, index) => {
      requirePositive(`buckets[${bucket}].strikesUsd[${index}]`, strikeUsd);
      layout.rowOf[strike] = first + index;
      layout.bucketOf[strike] = bucket;
      setDouble(
        layout,
        layout.places.logStrikes,
        first + index,
        logRatio(strikeUsd, market.spotUsd),
      );
      strike += 1;
    });
  });
}

/**
 * Writes one bucket's market and volatilities. The padding of an odd bucket stays a strike of 0 USD and ln 0 = 0: a finite price that nobody holds.
 *
 * @throws {RangeError} If one is out of its domain or the number of volatilities is not that of strikes.
 */
export function moveBucket(
  layout: StrikeLayout,
  bucket: number,
  now: Pick<StrikeBucket, "market" | "volatilities">,
): void {
  const source = layout.buckets[bucket];
  if (source === undefined || now.volatilities.length !== source.strikesUsd.length) {
    throw new RangeError(
      `buckets[${bucket}]: ${now.volatilities.length} volatilities; must be one per strike (${source?.strikesUsd.length ?? 0})`,
    );
  }
  const moved = forwardOf(now.market, source.market);
  layout.forwards[bucket] = moved;
  const rootYears = Math.sqrt(moved.years);
  const first = layout.firstRows[bucket] ?? 0;
  source.strikesUsd.forEach((strikeUsd, index) => {
    const volatility = now.volatilities[index] ?? Number.NaN;
    requireNotNegative(`buckets[${bucket}].volatilities[${index}]`, volatility);
    setDouble(layout, layout.places.strikeLegs, first + index, strikeUsd * moved.forward.discount);
    setDouble(layout, layout.places.totalVolatilities, first + index, volatility * rootYears);
  });
}

function setDouble(layout: StrikeLayout, column: number, row: number, value: number): void {
  layout.kernel.doubles[column / LAYOUT.bytesPerDouble + row] = value;
}
