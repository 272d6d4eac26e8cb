/**
 * The SIMD kernels of shared/risk/kernel, in AssemblyScript; compiled by tools/build-risk-kernel.ts.
 * Two options lie side by side in each vector. No relaxed SIMD, so every host gives the same bits; the
 * typed-array kernel does the same operations in the same order, so it gives them too.
 *
 * Memory is laid out by shared/risk/kernel/kernel-layout.ts: keep the four places below, and the order
 * of the constants, as they are there.
 */
const EXPONENTIALS: usize = 1024;
const SCRATCH: usize = 3072;
const MILLS: usize = 9216;
const MILLS_CELL_BYTES: usize = 48;
const SCRATCH_PAIR_BYTES: usize = 96;
const CHUNK_BYTES: usize = 1024;
const BUCKET_BYTES: usize = 256;
const BUCKET_ROWS: usize = 240;
const SCENARIO_BYTES: usize = 48;
const GROUP_HEAD_BYTES: usize = 32;
const FACTOR_BLOCK_BYTES: usize = 16384;

// @ts-ignore: decorator
@inline function totalVolatilityMin(): v128 { return v128.load(0, 0); }
// @ts-ignore: decorator
@inline function totalVolatilityMax(): v128 { return v128.load(0, 16); }
// @ts-ignore: decorator
@inline function half(): v128 { return v128.load(0, 32); }
// @ts-ignore: decorator
@inline function rounding(): v128 { return v128.load(0, 48); }
// @ts-ignore: decorator
@inline function signBit(): v128 { return v128.load(0, 64); }
// @ts-ignore: decorator
@inline function magnitudeBits(): v128 { return v128.load(0, 80); }
// @ts-ignore: decorator
@inline function millsArgumentMax(): v128 { return v128.load(0, 96); }
// @ts-ignore: decorator
@inline function millsRounding(): v128 { return v128.load(0, 112); }
// @ts-ignore: decorator
@inline function stepsPerSquare(): v128 { return v128.load(0, 128); }
// @ts-ignore: decorator
@inline function stepsMin(): v128 { return v128.load(0, 144); }
// @ts-ignore: decorator
@inline function exponential1(): v128 { return v128.load(0, 160); }
// @ts-ignore: decorator
@inline function exponential2(): v128 { return v128.load(0, 176); }
// @ts-ignore: decorator
@inline function exponential3(): v128 { return v128.load(0, 192); }
// @ts-ignore: decorator
@inline function exponential4(): v128 { return v128.load(0, 208); }
// @ts-ignore: decorator
@inline function one(): v128 { return v128.load(0, 224); }
// @ts-ignore: decorator
@inline function wholePowerBits(): v128 { return v128.load(0, 240); }

// @ts-ignore: decorator
@inline function exactMax(): v128 { return v128.load(0, 256); }

// @ts-ignore: decorator
@inline function lows(left: v128, right: v128): v128 {
  return i8x16.shuffle(left, right, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

// @ts-ignore: decorator
@inline function highs(left: v128, right: v128): v128 {
  return i8x16.shuffle(left, right, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

/** Mills ratio of |argument|: the polynomial of the nearest cell. */
// @ts-ignore: decorator
@inline function millsOfMagnitude(argument: v128): v128 {
  const y = f64x2.pmin(millsArgumentMax(), v128.and(argument, magnitudeBits()));
  const rounded = f64x2.add(y, millsRounding());
  const u = f64x2.sub(y, f64x2.sub(rounded, millsRounding()));
  const cell0 = <usize>i32x4.extract_lane(rounded, 0) * MILLS_CELL_BYTES;
  const cell1 = <usize>i32x4.extract_lane(rounded, 2) * MILLS_CELL_BYTES;
  const a0 = v128.load(cell0, MILLS);
  const b0 = v128.load(cell1, MILLS);
  const a1 = v128.load(cell0, MILLS + 16);
  const b1 = v128.load(cell1, MILLS + 16);
  const a2 = v128.load(cell0, MILLS + 32);
  const b2 = v128.load(cell1, MILLS + 32);
  const square = f64x2.mul(u, u);
  const middle = f64x2.add(highs(a1, b1), f64x2.mul(u, lows(a2, b2)));
  const first = f64x2.add(highs(a0, b0), f64x2.mul(u, lows(a1, b1)));
  const upper = f64x2.add(middle, f64x2.mul(square, highs(a2, b2)));
  return f64x2.add(
    lows(a0, b0),
    f64x2.mul(u, f64x2.add(first, f64x2.mul(square, upper))),
  );
}

/** e^(-d²/2): a power of two, one of the 256 roots between, and a polynomial; 0 below e^-708. */
// @ts-ignore: decorator
@inline function bell(d: v128): v128 {
  const steps = f64x2.mul(f64x2.mul(d, d), stepsPerSquare());
  const bounded = f64x2.pmax(stepsMin(), steps);
  const rounded = f64x2.add(bounded, rounding());
  const r = f64x2.sub(bounded, f64x2.sub(rounded, rounding()));
  const root0 = <usize>(i32x4.extract_lane(rounded, 0) & 255) << 3;
  const root1 = <usize>(i32x4.extract_lane(rounded, 2) & 255) << 3;
  const roots = v128.load64_lane(root1, v128.load64_zero(root0, EXPONENTIALS), 1, EXPONENTIALS);
  const power = i64x2.add(roots, i64x2.shl(v128.and(rounded, wholePowerBits()), 44));
  const square = f64x2.mul(r, r);
  const upper = f64x2.add(
    f64x2.add(exponential2(), f64x2.mul(r, exponential3())),
    f64x2.mul(square, exponential4()),
  );
  const rest = f64x2.add(f64x2.mul(r, exponential1()), f64x2.mul(square, upper));
  return v128.and(
    f64x2.add(power, f64x2.mul(power, rest)),
    f64x2.gt(steps, stepsMin()),
  );
}

// @ts-ignore: decorator
@inline function boundedTotalVolatility(totalVolatility: v128): v128 {
  return f64x2.pmin(totalVolatilityMax(), f64x2.pmax(totalVolatilityMin(), totalVolatility));
}

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

/** Adds quantity x row of `units` to the vector `out` for each of `count` exposures; `bytes` a multiple of 16. */
export function accumulate(
  rows: usize,
  quantities: usize,
  count: i32,
  units: usize,
  bytes: usize,
  out: usize,
): void {
  for (let index = 0; index < count; index++, rows += 4, quantities += 8) {
    const unit = units + <usize>load<i32>(rows) * bytes;
    const quantity = v128.load64_splat(quantities);
    for (let at: usize = 0; at < bytes; at += 16) {
      const more = f64x2.mul(quantity, v128.load(unit + at));
      v128.store(out + at, f64x2.add(v128.load(out + at), more));
    }
  }
}

/**
 * Adds x (delta + halfGamma x) to each scenario's profit for `factors` consecutive columns of moves x.
 *
 * @param exposures Two doubles twice per factor: delta, half gamma. @param bytes A multiple of 16.
 */
export function factorPnl(moves: usize, exposures: usize, factors: i32, bytes: usize, out: usize): void {
  for (let block: usize = 0; block < bytes; block += FACTOR_BLOCK_BYTES) {
    const end = min(bytes, block + FACTOR_BLOCK_BYTES);
    let column = moves;
    let exposure = exposures;
    let factor = 0;
    for (; factor + 2 <= factors; factor += 2, column += bytes << 1, exposure += 64) {
      const delta0 = v128.load(exposure);
      const gamma0 = v128.load(exposure, 16);
      const delta1 = v128.load(exposure, 32);
      const gamma1 = v128.load(exposure, 48);
      for (let at = block; at < end; at += 16) {
        const x0 = v128.load(column + at);
        const x1 = v128.load(column + bytes + at);
        const first = f64x2.mul(x0, f64x2.add(delta0, f64x2.mul(gamma0, x0)));
        const second = f64x2.mul(x1, f64x2.add(delta1, f64x2.mul(gamma1, x1)));
        v128.store(out + at, f64x2.add(f64x2.add(v128.load(out + at), first), second));
      }
    }
    if (factor < factors) {
      const delta = v128.load(exposure);
      const gamma = v128.load(exposure, 16);
      for (let at = block; at < end; at += 16) {
        const x = v128.load(column + at);
        const more = f64x2.mul(x, f64x2.add(delta, f64x2.mul(gamma, x)));
        v128.store(out + at, f64x2.add(v128.load(out + at), more));
      }
    }
  }
}

/**
 * Replaces `bytes` of held whole numbers by fresh ones, and brings net and gross up to date. Changes nothing
 * and returns 1 if a fresh one is no whole number or a gross would reach 2^53.
 */
export function replaceCells(held: usize, fresh: usize, net: usize, gross: usize, bytes: usize): i32 {
  const pairs = bytes & ~15;
  let refused = v128.xor(one(), one());
  for (let at: usize = 0; at < pairs; at += 16) {
    const cell = v128.load(fresh + at);
    const rest = f64x2.sub(v128.load(gross + at), f64x2.abs(v128.load(held + at)));
    const over = f64x2.ge(f64x2.abs(cell), f64x2.sub(exactMax(), rest));
    refused = v128.or(refused, v128.or(over, f64x2.ne(f64x2.floor(cell), cell)));
  }
  if (pairs < bytes) {
    const cell = load<f64>(fresh + pairs);
    const rest = load<f64>(gross + pairs) - abs(load<f64>(held + pairs));
    if (abs(cell) >= 9007199254740992.0 - rest || floor(cell) != cell) return 1;
  }
  if (v128.any_true(refused)) return 1;
  for (let at: usize = 0; at < pairs; at += 16) {
    const cell = f64x2.add(v128.load(fresh + at), f64x2.splat(0));
    const gone = v128.load(held + at);
    v128.store(net + at, f64x2.add(v128.load(net + at), f64x2.sub(cell, gone)));
    const growth = f64x2.sub(f64x2.abs(cell), f64x2.abs(gone));
    v128.store(gross + at, f64x2.add(v128.load(gross + at), growth));
    v128.store(held + at, cell);
  }
  if (pairs < bytes) {
    const cell = load<f64>(fresh + pairs) + 0.0;
    const gone = load<f64>(held + pairs);
    store<f64>(net + pairs, load<f64>(net + pairs) + (cell - gone));
    store<f64>(gross + pairs, load<f64>(gross + pairs) + (abs(cell) - abs(gone)));
    store<f64>(held + pairs, cell);
  }
  return 0;
}
