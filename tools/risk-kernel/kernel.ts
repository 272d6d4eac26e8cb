/**
 * The SIMD kernels of shared/risk/kernel, in AssemblyScript; compiled by tools/build-risk-kernel.ts.
 * Two options lie side by side in each vector. No relaxed SIMD, so every host gives the same bits; the
 * typed-array kernel does the same operations in the same order, so it gives them too.
 *
 * Memory is laid out by shared/risk/kernel/kernel-layout.ts: keep the places and the order of the constants
 * of vectors.ts as they are there.
 */
import { millsOfMagnitude, bell, boundedTotalVolatility } from "./normal";
import {
  SCRATCH,
  SCRATCH_PAIR_BYTES,
  CHUNK_BYTES,
  BUCKET_BYTES,
  BUCKET_ROWS,
  SCENARIO_BYTES,
  GROUP_HEAD_BYTES,
  half,
  signBit,
  magnitudeBits,
  one,
} from "./vectors";

/**
 * Price and seven Greeks of every option, 8 columns of `stride` bytes from `out` on.
 *
 * @param buckets Records of constants, one per bucket; the buckets' rows follow each other.
 * @returns 1 if an option's volatility x sqrt(years) was out of the kernel's domain, else 0.
 */
export function greeks(
  buckets: usize,
  count: i32,
  strikes: usize,
  logStrikes: usize,
  volatilities: usize,
  out: usize,
  stride: usize,
): i32 {
  let outside = v128.xor(one(), one());
  let at: usize = 0;
  for (let bucket = 0; bucket < count; bucket++, buckets += BUCKET_BYTES) {
    const last = at + (<usize>load<i32>(buckets, BUCKET_ROWS) << 3);
    while (at < last) {
      const end = min(last, at + CHUNK_BYTES);
      outside = v128.or(outside, distances(buckets, logStrikes, volatilities, at, end));
      values(buckets, strikes, at, end, out, stride);
      at = end;
    }
  }
  return v128.any_true(outside) ? 1 : 0;
}

/** First half of `greeks`: volatility x sqrt(years), its inverse, d1, d2 and leg x density to the scratch. */
// @ts-ignore: decorator
@inline function distances(
  bucket: usize,
  logStrikes: usize,
  volatilities: usize,
  at: usize,
  end: usize,
): v128 {
  const rootYears = v128.load(bucket);
  const logForward = v128.load(bucket, 16);
  const forwardDensity = v128.load(bucket, 64);
  let outside = v128.xor(rootYears, rootYears);
  let scratch = SCRATCH;
  for (; at < end; at += 16, scratch += SCRATCH_PAIR_BYTES) {
    const asked = f64x2.mul(v128.load(volatilities + at), rootYears);
    const s = boundedTotalVolatility(asked);
    outside = v128.or(outside, f64x2.ne(s, asked));
    const inverse = f64x2.div(one(), s);
    const middle = f64x2.mul(f64x2.sub(logForward, v128.load(logStrikes + at)), inverse);
    const halfS = f64x2.mul(s, half());
    const d1 = f64x2.add(middle, halfS);
    v128.store(scratch, s);
    v128.store(scratch, inverse, 16);
    v128.store(scratch, d1, 32);
    v128.store(scratch, f64x2.sub(middle, halfS), 48);
    v128.store(scratch, f64x2.mul(bell(d1), forwardDensity), 64);
  }
  return outside;
}

/** Second half of `greeks`: the legs, the price and the eight columns. A put's strike is negative. */
// @ts-ignore: decorator
@inline function values(
  bucket: usize,
  strikes: usize,
  at: usize,
  end: usize,
  out: usize,
  stride: usize,
): void {
  let scratch = SCRATCH;
  for (; at < end; at += 16, scratch += SCRATCH_PAIR_BYTES) {
    const strike = v128.load(strikes + at);
    const s = v128.load(scratch);
    const inverse = v128.load(scratch, 16);
    const d1 = v128.load(scratch, 32);
    const d2 = v128.load(scratch, 48);
    const e = v128.load(scratch, 64);
    const sign = v128.and(strike, signBit());
    const in1 = f64x2.gt(v128.xor(d1, sign), f64x2.splat(0));
    const in2 = f64x2.gt(v128.xor(d2, sign), f64x2.splat(0));
    const whole1 = v128.and(v128.load(bucket, 32), in1);
    const whole2 = v128.and(
      f64x2.mul(v128.and(strike, magnitudeBits()), v128.load(bucket, 48)),
      in2,
    );
    const part1 = f64x2.mul(e, v128.xor(millsOfMagnitude(d1), v128.and(signBit(), in1)));
    const part2 = f64x2.mul(e, v128.xor(millsOfMagnitude(d2), v128.and(signBit(), in2)));
    const leg1 = v128.xor(sign, f64x2.add(whole1, part1));
    const leg2 = v128.xor(sign, f64x2.add(whole2, part2));
    const price = v128.xor(
      sign,
      f64x2.add(f64x2.sub(whole1, whole2), f64x2.sub(part1, part2)),
    );
    const bend = f64x2.mul(f64x2.mul(e, d2), inverse);
    let column = out + at;
    v128.store(column, price);
    column += stride;
    v128.store(column, f64x2.mul(leg1, v128.load(bucket, 80)));
    column += stride;
    v128.store(column, f64x2.mul(f64x2.mul(e, inverse), v128.load(bucket, 96)));
    column += stride;
    v128.store(column, f64x2.mul(e, v128.load(bucket, 112)));
    column += stride;
    const growth = f64x2.add(
      f64x2.mul(leg1, v128.load(bucket, 176)),
      f64x2.mul(leg2, v128.load(bucket, 192)),
    );
    v128.store(column, f64x2.add(f64x2.mul(f64x2.mul(e, s), v128.load(bucket, 160)), growth));
    column += stride;
    v128.store(
      column,
      f64x2.add(
        f64x2.mul(leg2, v128.load(bucket, 208)),
        f64x2.mul(price, v128.load(bucket, 224)),
      ),
    );
    column += stride;
    v128.store(column, f64x2.mul(bend, v128.load(bucket, 128)));
    column += stride;
    v128.store(column, f64x2.mul(f64x2.mul(bend, d1), v128.load(bucket, 144)));
  }
}

/** Price of a call from its scenario (log forward, forward leg, leg x density) and its row. */
// @ts-ignore: decorator
@inline function callPrice(scenario: usize, strikeLeg: v128, logStrike: v128, inverse: v128, halfS: v128): v128 {
  const middle = f64x2.mul(f64x2.sub(v128.load(scenario), logStrike), inverse);
  const d1 = f64x2.add(middle, halfS);
  const d2 = f64x2.sub(middle, halfS);
  const e = f64x2.mul(bell(d1), v128.load(scenario, 32));
  const in1 = f64x2.gt(d1, f64x2.splat(0));
  const in2 = f64x2.gt(d2, f64x2.splat(0));
  const whole = f64x2.sub(v128.and(v128.load(scenario, 16), in1), v128.and(strikeLeg, in2));
  const mills1 = v128.xor(millsOfMagnitude(d1), v128.and(signBit(), in1));
  const mills2 = v128.xor(millsOfMagnitude(d2), v128.and(signBit(), in2));
  return f64x2.add(whole, f64x2.sub(f64x2.mul(e, mills1), f64x2.mul(e, mills2)));
}

/**
 * Profit of calls in every scenario of a record, by full revaluation, added to `sums` (two partial sums
 * per scenario) and, unless `units` is 0, written per row (profit of one call) with `unitStride` bytes a row.
 *
 * @param record The unmoved scenario, the number of groups, then groups: factor of volatility, number of
 * scenarios, scenarios.
 */
export function revalue(
  record: usize,
  strikeLegs: usize,
  logStrikes: usize,
  totalVolatilities: usize,
  quantities: usize,
  start: usize,
  end: usize,
  sums: usize,
  units: usize,
  unitStride: usize,
): void {
  const groups = load<i32>(record, SCENARIO_BYTES);
  for (let at = start; at < end; at += 16) {
    const strikeLeg = v128.load(strikeLegs + at);
    const logStrike = v128.load(logStrikes + at);
    const asked = v128.load(totalVolatilities + at);
    const quantity = v128.load(quantities + at);
    const s0 = boundedTotalVolatility(asked);
    const inverse0 = f64x2.div(one(), s0);
    const now = callPrice(record, strikeLeg, logStrike, inverse0, f64x2.mul(s0, half()));
    let group = record + SCENARIO_BYTES + 16;
    let sum = sums;
    let unit = units;
    for (let index = 0; index < groups; index++) {
      const s = boundedTotalVolatility(f64x2.mul(asked, v128.load(group)));
      const inverse = f64x2.div(one(), s);
      const halfS = f64x2.mul(s, half());
      const scenarios = load<i32>(group, 16);
      group += GROUP_HEAD_BYTES;
      for (let scenario = 0; scenario < scenarios; scenario++) {
        const moved = callPrice(group, strikeLeg, logStrike, inverse, halfS);
        const profit = f64x2.sub(moved, now);
        v128.store(sum, f64x2.add(v128.load(sum), f64x2.mul(quantity, profit)));
        if (units != 0) {
          v128.store64_lane(unit, profit, 0);
          v128.store64_lane(unit + unitStride, profit, 1);
          unit += 8;
        }
        group += SCENARIO_BYTES;
        sum += 16;
      }
    }
    units += units != 0 ? unitStride << 1 : 0;
  }
}

export { accumulate, factorPnl, replaceCells } from "./exposures";
