import type { Kernel } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { optionTerms } from "#shared/risk/pricing/option-terms.ts";
import { growthFactor } from "#shared/risk/statistics/double-double.ts";

/** What the options of one bucket share. */
export type BucketMarket = {
  readonly spotUsd: number;
  readonly years: number;
  readonly rate: number;
  /** Cost of carry; equal to the rate, and moving with it, when left out. */
  readonly carry?: number;
};

/** Size of a bucket's record: fields of two equal doubles each, then the number of rows as an integer. */
export const BUCKET_BYTES = 256;
export const BUCKET_ROWS_BYTE = 240;

/** Order of the fields. A leg is spot or strike, discounted, times its probability, in USD. */
const BUCKET_FIELDS = {
  rootYears: 0,
  /** ln(forward / spot of the table). */
  logForward: 1,
  forwardLeg: 2,
  /** Strike leg per USD of strike. */
  discount: 3,
  /** Forward leg / sqrt(2 pi). */
  forwardDensity: 4,
  deltaFactor: 5,
  gammaFactor: 6,
  vegaFactor: 7,
  vannaFactor: 8,
  volgaFactor: 9,
  decayFactor: 10,
  forwardTheta: 11,
  strikeTheta: 12,
  strikeRho: 13,
  priceRho: 14,
} as const;

export type BucketFields = Readonly<Record<keyof typeof BUCKET_FIELDS, number>>;

const INVERSE_SQRT_TWO_PI = 0.398942280401432678;
const POINT = 0.01;
const DAYS_PER_YEAR = 365;

/** A bucket's forward, as the kernels take it. */
export type BucketForward = {
  /** ln(forward / anchor). */
  readonly logForward: number;
  readonly forwardLegUsd: number;
  readonly discount: number;
  /** Forward leg / sqrt(2 pi). */
  readonly forwardDensity: number;
};

/**
 * Forward and discount of a bucket, to an ulp each.
 *
 * @param anchorUsd The price that the table's log strikes are relative to.
 * @throws {RangeError} If the market is out of its domain; the message names the field.
 */
export function bucketForward(market: BucketMarket, anchorUsd: number): BucketForward {
  const { spotUsd, years, rate, carry } = market;
  const inputs = { spotUsd, strikeUsd: anchorUsd, years, rate };
  const terms = optionTerms(carry === undefined ? inputs : { ...inputs, carry });
  return {
    logForward: terms.logMoneyness,
    forwardLegUsd: terms.forwardLegUsd,
    discount: growthFactor(-rate, 0, years),
    forwardDensity: terms.forwardLegUsd * INVERSE_SQRT_TWO_PI,
  };
}

/**
 * Writes one bucket's record.
 *
 * @param place Of the record, in bytes. @param rows Even number of rows, padding included.
 * @throws {RangeError} As {@link bucketForward}.
 */
export function writeBucketRecord(
  kernel: Pick<Kernel, "doubles" | "integers">,
  place: number,
  bucket: { readonly market: BucketMarket; readonly anchorUsd: number; readonly rows: number },
): void {
  const fields = bucketFields(bucket.market, bucketForward(bucket.market, bucket.anchorUsd));
  const start = place / LAYOUT.bytesPerDouble;
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.rootYears, fields.rootYears);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.logForward, fields.logForward);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.forwardLeg, fields.forwardLeg);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.discount, fields.discount);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.forwardDensity, fields.forwardDensity);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.deltaFactor, fields.deltaFactor);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.gammaFactor, fields.gammaFactor);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.vegaFactor, fields.vegaFactor);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.vannaFactor, fields.vannaFactor);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.volgaFactor, fields.volgaFactor);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.decayFactor, fields.decayFactor);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.forwardTheta, fields.forwardTheta);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.strikeTheta, fields.strikeTheta);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.strikeRho, fields.strikeRho);
  writePair(kernel.doubles, start + 2 * BUCKET_FIELDS.priceRho, fields.priceRho);
  kernel.integers[(place + BUCKET_ROWS_BYTE) / 4] = bucket.rows;
}

function writePair(doubles: Float64Array, index: number, value: number): void {
  doubles[index] = value;
  doubles[index + 1] = value;
}

function bucketFields(market: BucketMarket, forward: BucketForward): BucketFields {
  const { spotUsd, years, rate } = market;
  const carry = market.carry ?? rate;
  const rootYears = Math.sqrt(years);
  const isCarryGiven = market.carry !== undefined;
  return {
    rootYears,
    logForward: forward.logForward,
    forwardLeg: forward.forwardLegUsd,
    discount: forward.discount,
    forwardDensity: forward.forwardDensity,
    deltaFactor: 1 / spotUsd,
    gammaFactor: 1 / (spotUsd * spotUsd),
    vegaFactor: POINT * rootYears,
    vannaFactor: (-POINT * rootYears) / spotUsd,
    volgaFactor: POINT * POINT * years,
    decayFactor: years > 0 ? -1 / (2 * DAYS_PER_YEAR * years) : 0,
    forwardTheta: (rate - carry) / DAYS_PER_YEAR,
    strikeTheta: -rate / DAYS_PER_YEAR,
    strikeRho: isCarryGiven ? 0 : POINT * years,
    priceRho: isCarryGiven ? -POINT * years : 0,
  };
}

/** One bucket's fields, read back from its record. */
export function readBucketFields(memory: Float64Array, place: number): BucketFields {
  const start = place / LAYOUT.bytesPerDouble;
  const field = (name: keyof typeof BUCKET_FIELDS) => memory[start + 2 * BUCKET_FIELDS[name]] ?? 0;
  return {
    rootYears: field("rootYears"),
    logForward: field("logForward"),
    forwardLeg: field("forwardLeg"),
    discount: field("discount"),
    forwardDensity: field("forwardDensity"),
    deltaFactor: field("deltaFactor"),
    gammaFactor: field("gammaFactor"),
    vegaFactor: field("vegaFactor"),
    vannaFactor: field("vannaFactor"),
    volgaFactor: field("volgaFactor"),
    decayFactor: field("decayFactor"),
    forwardTheta: field("forwardTheta"),
    strikeTheta: field("strikeTheta"),
    strikeRho: field("strikeRho"),
    priceRho: field("priceRho"),
  };
}
