import {
  CONSTANTS,
  LAYOUT,
  MILLS_CELLS_PER_UNIT,
  MILLS_COEFFICIENTS,
} from "#shared/risk/kernel/kernel-layout.ts";

const MILLS_START = LAYOUT.mills / LAYOUT.bytesPerDouble;
const EXPONENTIALS_START = LAYOUT.exponentials / LAYOUT.bytesPerDouble;
const POWER_MIN = -1100;
/** 2^-1100 (0) ... 2^100: products with them only move the exponent. */
const POWERS = Float64Array.from({ length: 1201 }, (_, index) => 2 ** (index + POWER_MIN));

/** volatility x sqrt(years) within the kernels' bounds; NaN stays NaN. */
export function boundedTotalVolatility(asked: number): number {
  const { totalVolatilityMin, totalVolatilityMax } = CONSTANTS;
  return Math.min(Math.max(asked, totalVolatilityMin), totalVolatilityMax);
}

/**
 * Mills ratio of |argument| from the table in a kernel's memory, operation for operation as the SIMD kernel.
 */
export function millsOfMagnitude(memory: Float64Array, argument: number): number {
  const y = Math.min(Math.abs(argument), CONSTANTS.millsArgumentMax);
  const cell = y + CONSTANTS.millsRounding - CONSTANTS.millsRounding;
  const u = y - cell;
  const at = (MILLS_START + MILLS_COEFFICIENTS * (cell * MILLS_CELLS_PER_UNIT)) | 0;
  const square = u * u;
  const middle = load(memory, at + 3) + u * load(memory, at + 4);
  const first = load(memory, at + 1) + u * load(memory, at + 2);
  const upper = middle + square * load(memory, at + 5);
  return load(memory, at) + u * (first + square * upper);
}

/** e^(-d²/2) as the SIMD kernel has it; 0 below e^-708. */
export function bell(memory: Float64Array, d: number): number {
  const steps = d * d * CONSTANTS.stepsPerSquare;
  if (!(steps > CONSTANTS.stepsMin)) {
    return 0;
  }
  const whole = steps + CONSTANTS.rounding - CONSTANTS.rounding;
  const r = steps - whole;
  const root = load(memory, EXPONENTIALS_START + (whole & 255));
  const power = root * load(POWERS, (whole >> 8) - POWER_MIN);
  const square = r * r;
  const { exponential1, exponential2, exponential3, exponential4 } = CONSTANTS;
  const upper = exponential2 + r * exponential3 + square * exponential4;
  return power + power * (r * exponential1 + square * upper);
}

function load(memory: Float64Array, index: number): number {
  return memory[index] ?? 0;
}
