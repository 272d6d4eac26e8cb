import type { OptionBucket } from "#shared/risk/kernel/option-table.ts";
import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";
import { seededUniform } from "#shared/risk/statistics/random.ts";

/** Buckets of random options with the volatility of each option. */
export type RandomBuckets = {
  readonly buckets: readonly OptionBucket[];
  /** Per bucket, per option. */
  readonly volatilities: readonly (readonly number[])[];
};

/** Number in [low, high), from one draw. */
export function numberFrom(uniform: () => number, low: number, high: number): number {
  return low + (high - low) * uniform();
}

/**
 * Random buckets of the given sizes: spot over eight decades, minutes to 30 years, total volatility 1e-4 to 10, strikes
 * up to 35 deviations from the forward, every seventh at it, with and without a carry of their own.
 */
export function randomBuckets(seed: number, sizes: readonly number[]): RandomBuckets {
  const uniform = seededUniform(seed);
  const volatilities: number[][] = [];
  const buckets = sizes.map((size, bucket) => {
    const spotUsd = 10 ** numberFrom(uniform, -2, 6);
    const years = 10 ** numberFrom(uniform, -5, 1.5);
    const rate = bucket % 3 === 0 ? 0 : numberFrom(uniform, -0.1, 0.3);
    const carry = numberFrom(uniform, -0.2, 0.3);
    const market = { spotUsd, years, rate, ...(bucket % 2 === 0 ? { carry } : {}) };
    const drift = (bucket % 2 === 0 ? carry : rate) * years;
    const inBucket: number[] = [];
    const options = Array.from({ length: size }, () => {
      const total = 10 ** numberFrom(uniform, -4, 1);
      const spread =
        uniform() < 1 / 7 ? 0 : numberFrom(uniform, -1, 1) * (uniform() < 0.7 ? 5 : 35);
      inBucket.push(total / Math.sqrt(years));
      return {
        type: uniform() < 0.5 ? ("put" as const) : ("call" as const),
        strikeUsd: spotUsd * Math.exp(drift + total * spread),
      };
    });
    volatilities.push(inBucket);
    return { market, options };
  });
  return { buckets, volatilities };
}

/** Inputs of one option of the buckets for the scalar model. */
export function inputsOf(
  random: RandomBuckets,
  at: { readonly bucket: number; readonly option: number },
): OptionInputs {
  const { market, options } = random.buckets[at.bucket] ?? { options: [] };
  const option = options[at.option];
  const volatility = random.volatilities[at.bucket]?.[at.option];
  if (market === undefined || option === undefined || volatility === undefined) {
    throw new RangeError(`no option ${at.option} in bucket ${at.bucket}`);
  }
  return { ...option, ...market, volatility };
}
