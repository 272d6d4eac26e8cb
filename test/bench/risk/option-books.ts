import type { OptionBucket } from "#shared/risk/kernel/option-table.ts";
import type { StrikeBucket } from "#shared/risk/kernel/strike-layout.ts";
import type { HeldOptions } from "#shared/risk/kernel/strike-table.ts";
import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";
import { seededUniform } from "#shared/risk/statistics/random.ts";
import { numberFrom } from "#test/support/coordinator/random-options.ts";

/** Buckets of options with their volatilities, one list per bucket. */
export type GreeksBook = {
  readonly buckets: readonly OptionBucket[];
  readonly volatilities: readonly (readonly number[])[];
};

/**
 * About `options` options in buckets of 16 to 48 (mean 32, odd sizes among them) that share spot, expiry
 * and rates, the same for the same arguments: the benchmark's processes each make it themselves.
 *
 * @param sizeOfBucket Another size for all of them.
 */
export function greeksBook(options: number, sizeOfBucket?: number): GreeksBook {
  const uniform = seededUniform(2026);
  const buckets: OptionBucket[] = [];
  const volatilities: number[][] = [];
  for (let made = 0; made < options; ) {
    const drawn = sizeOfBucket ?? 16 + Math.floor(33 * uniform());
    const size = Math.min(drawn, options - made);
    const spotUsd = numberFrom(uniform, 1000, 4000);
    const years = numberFrom(uniform, 0.01, 1);
    const rate = numberFrom(uniform, 0, 0.05);
    const market = { spotUsd, years, rate, ...(buckets.length % 2 === 0 ? { carry: 0 } : {}) };
    const inBucket = Array.from({ length: size }, () => numberFrom(uniform, 0.3, 1.2));
    const spread = (volatility: number) => 2 * volatility * Math.sqrt(years);
    buckets.push({
      market,
      options: inBucket.map((volatility) => ({
        type: uniform() < 0.5 ? "call" : "put",
        strikeUsd: spotUsd * Math.exp(numberFrom(uniform, -1, 1) * spread(volatility)),
      })),
    });
    volatilities.push(inBucket);
    made += size;
  }
  return { buckets, volatilities };
}

/** The same options one by one, in the order of the buckets. */
export function optionObjects({ buckets, volatilities }: GreeksBook): OptionInputs[] {
  return buckets.flatMap(({ market, options }, bucket) =>
    options.map((option, index) => {
      const volatility = volatilities[bucket]?.[index] ?? 0;
      return { ...option, ...market, volatility };
    }),
  );
}

/** A book for the grid: strikes in buckets, and `perStrike` positions on each strike in random order. */
export type GridBook = { readonly buckets: readonly StrikeBucket[]; readonly held: HeldOptions };

/**
 * `buckets` expiries of `strikes` strikes each (bucket sizes alternate between one more and one less, so
 * most are odd), with `perStrike` positions on each strike, calls and puts, long and short.
 */
export function gridBook(shape: {
  readonly buckets: number;
  readonly strikes: number;
  readonly perStrike: number;
}): GridBook {
  const uniform = seededUniform(33);
  const buckets = Array.from({ length: shape.buckets }, (_, bucket) => {
    const market = { spotUsd: 2000, years: numberFrom(uniform, 0.02, 1.5), rate: 0, carry: 0 };
    const size = shape.strikes + (bucket % 2 === 0 ? 1 : -1);
    const strikesUsd = Array.from({ length: size }, () => 2000 * numberFrom(uniform, 0.5, 1.8));
    return { market, strikesUsd, volatilities: strikesUsd.map(() => numberFrom(uniform, 0.4, 1)) };
  });
  const strikeCount = buckets.reduce((sum, { strikesUsd }) => sum + strikesUsd.length, 0);
  const positions = strikeCount * shape.perStrike;
  const strikes = Uint32Array.from({ length: positions }, (_, index) => index % strikeCount);
  for (let last = positions - 1; last > 0; last -= 1) {
    const other = Math.floor(uniform() * (last + 1));
    const moved = strikes[last] ?? 0;
    strikes[last] = strikes[other] ?? 0;
    strikes[other] = moved;
  }
  return {
    buckets,
    held: {
      strikes,
      puts: Uint8Array.from({ length: positions }, () => (uniform() < 0.5 ? 1 : 0)),
      quantities: Float64Array.from({ length: positions }, () => numberFrom(uniform, -10, 10)),
    },
  };
}
