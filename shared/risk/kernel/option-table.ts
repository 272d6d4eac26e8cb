import {
  BUCKET_BYTES,
  type BucketMarket,
  writeBucketRecord,
} from "#shared/risk/kernel/bucket-record.ts";
import { type Kernel, type KernelKind, memoryPlan } from "#shared/risk/kernel/kernel.ts";
import { CONSTANTS, LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { riskKernel } from "#shared/risk/kernel/risk-kernel.ts";
import { blackScholes, type OptionValue } from "#shared/risk/pricing/black-scholes.ts";
import {
  logRatio,
  type OptionType,
  requireNotNegative,
  requirePositive,
} from "#shared/risk/pricing/option-terms.ts";

/** Options of one underlying and expiry. */
export type OptionBucket = {
  readonly market: BucketMarket;
  readonly options: readonly { readonly type: OptionType; readonly strikeUsd: number }[];
};

/** The results, one column each, in this order: per one option long, units as in greeks.ts. */
export const VALUE_NAMES = [
  "priceUsd",
  "deltaUnits",
  "gammaUnitsPerUsd",
  "vegaUsdPerVolPoint",
  "thetaUsdPerDay",
  "rhoUsdPerRatePoint",
  "vannaUnitsPerVolPoint",
  "volgaUsdPerVolPointSquared",
] as const satisfies readonly (keyof OptionValue)[];
export type ValueName = (typeof VALUE_NAMES)[number];

/**
 * Many options laid out for the kernels. An option's row is not its index: buckets of odd size end with a
 * row of padding.
 */
export type OptionTable = {
  readonly kind: KernelKind;
  /** Rows, padding included. */
  readonly rowCount: number;
  /** Row of the first option of each bucket; an option's row is this plus its index in the bucket. */
  readonly firstRows: readonly number[];
  /** Annual volatility per row, to be written by the caller. */
  readonly volatilities: Float64Array;
  /** Moves one bucket's market; strikes stay. @throws {RangeError} If it is out of its domain. */
  readonly setMarket: (bucket: number, market: BucketMarket) => void;
  /**
   * Prices and Greeks of all rows for the present markets and volatilities, into the columns of `values`.
   *
   * @throws {RangeError} If a volatility is negative or not finite; the message has its bucket and index.
   */
  readonly revalue: () => void;
  /** Results per row; views of the table's memory. */
  readonly values: Readonly<Record<ValueName, Float64Array>>;
};

const PADDING_VOLATILITY = 1;

/**
 * Lays out options by bucket. Log strikes are taken once, relative to the bucket's spot now; later markets
 * cost one logarithm per bucket.
 *
 * @param on Which kernel, the faster one when left out; or what makes one with memory for so many bytes.
 * @throws {RangeError} If a strike or a market is out of its domain, or the table needs over 2 GiB.
 */
export function optionTable(
  buckets: readonly OptionBucket[],
  on?: KernelKind | ((bytes: number) => Kernel),
): OptionTable {
  const firstRows: number[] = [];
  let rowCount = 0;
  for (const { options } of buckets) {
    firstRows.push(rowCount);
    rowCount += options.length + (options.length % 2);
  }
  const plan = memoryPlan();
  const column = rowCount * LAYOUT.bytesPerDouble;
  const places = {
    buckets: plan.take(buckets.length * BUCKET_BYTES),
    strikes: plan.take(column),
    logStrikes: plan.take(column),
    volatilities: plan.take(column),
    out: plan.take(column * VALUE_NAMES.length),
  };
  const kernel = typeof on === "function" ? on(plan.end()) : riskKernel(plan.end(), on);
  const view = (place: number) =>
    kernel.doubles.subarray(
      place / LAYOUT.bytesPerDouble,
      place / LAYOUT.bytesPerDouble + rowCount,
    );
  const volatilities = view(places.volatilities).fill(PADDING_VOLATILITY);
  const layout: TableLayout = {
    kernel,
    buckets,
    firstRows,
    markets: buckets.map(({ market }) => market),
    volatilities,
    values: valueViews((index) => view(places.out + index * column)),
  };
  writeStrikes(layout, view(places.strikes), view(places.logStrikes));
  const setMarket = (bucket: number, market: BucketMarket) =>
    moveBucket(layout, places.buckets, bucket, market);
  buckets.forEach(({ market }, bucket) => {
    setMarket(bucket, market);
  });
  const job = { ...places, bucketCount: buckets.length, stride: column };
  const revalue = () => {
    if (kernel.greeks(job)) {
      replaceLimits(layout);
    }
  };
  const { values } = layout;
  return { kind: kernel.kind, rowCount, firstRows, volatilities, setMarket, revalue, values };
}

type TableLayout = {
  readonly kernel: Kernel;
  readonly buckets: readonly OptionBucket[];
  readonly firstRows: readonly number[];
  /** Present market of each bucket. */
  readonly markets: BucketMarket[];
  readonly volatilities: Float64Array;
  readonly values: Readonly<Record<ValueName, Float64Array>>;
};

function valueViews(view: (column: number) => Float64Array): Record<ValueName, Float64Array> {
  const entries = VALUE_NAMES.map((name, column) => [name, view(column)] as const);
  return Object.fromEntries(entries) as Record<ValueName, Float64Array>;
}

/** A put's strike is written negative; padding is a call at the money. */
function writeStrikes(layout: TableLayout, strikes: Float64Array, logs: Float64Array): void {
  layout.buckets.forEach(({ market, options }, bucket) => {
    const first = layout.firstRows[bucket] ?? 0;
    requirePositive("spotUsd", market.spotUsd);
    options.forEach(({ type, strikeUsd }, index) => {
      requirePositive(`buckets[${bucket}].options[${index}].strikeUsd`, strikeUsd);
      strikes[first + index] = type === "put" ? -strikeUsd : strikeUsd;
      logs[first + index] = logRatio(strikeUsd, market.spotUsd);
    });
    if (options.length % 2 === 1) {
      strikes[first + options.length] = market.spotUsd;
      logs[first + options.length] = 0;
    }
  });
}

function moveBucket(
  layout: TableLayout,
  records: number,
  bucket: number,
  market: BucketMarket,
): void {
  const source = layout.buckets[bucket];
  if (source === undefined) {
    throw new RangeError(`bucket: ${bucket}; must be below ${layout.buckets.length}`);
  }
  const rows = source.options.length + (source.options.length % 2);
  writeBucketRecord(layout.kernel, records + bucket * BUCKET_BYTES, {
    market,
    anchorUsd: source.market.spotUsd,
    rows,
  });
  layout.markets[bucket] = market;
}

/**
 * Options at expiry or without volatility are limits, not prices: black-scholes.ts has them, and refuses
 * what is no volatility.
 */
function replaceLimits(layout: TableLayout): void {
  const { totalVolatilityMin, totalVolatilityMax } = CONSTANTS;
  layout.buckets.forEach(({ options }, bucket) => {
    const market = layout.markets[bucket];
    if (market === undefined) {
      return;
    }
    const rootYears = Math.sqrt(market.years);
    options.forEach((option, index) => {
      const row = (layout.firstRows[bucket] ?? 0) + index;
      const volatility = layout.volatilities[row] ?? Number.NaN;
      const total = volatility * rootYears;
      if (total >= totalVolatilityMin && total <= totalVolatilityMax) {
        return;
      }
      requireNotNegative(`buckets[${bucket}].options[${index}].volatility`, volatility);
      const value = blackScholes({ ...option, ...market, volatility });
      for (const name of VALUE_NAMES) {
        layout.values[name][row] = value[name];
      }
    });
  });
}
