/** The normal distribution in vectors of two: density, Mills ratio, and the bounds of a total volatility. */
import {
  EXPONENTIALS,
  MILLS,
  MILLS_CELL_BYTES,
  totalVolatilityMin,
  totalVolatilityMax,
  rounding,
  magnitudeBits,
  millsArgumentMax,
  millsRounding,
  stepsPerSquare,
  stepsMin,
  exponential1,
  exponential2,
  exponential3,
  exponential4,
  one,
  wholePowerBits,
  lows,
  highs,
} from "./vectors";

/** Mills ratio of |argument|: the polynomial of the nearest cell. */
// @ts-ignore: decorator
@inline export function millsOfMagnitude(argument: v128): v128 {
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
@inline export function bell(d: v128): v128 {
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
@inline export function boundedTotalVolatility(totalVolatility: v128): v128 {
  return f64x2.pmin(totalVolatilityMax(), f64x2.pmax(totalVolatilityMin(), totalVolatility));
}
