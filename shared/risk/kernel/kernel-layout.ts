/**
 * Where things lie in a kernel's memory, in bytes, and the constants both kernels compute with. The
 * SIMD source (tools/risk-kernel/kernel.ts) has the same numbers. Constants live in memory, each one
 * twice, because V8 compiles loads of them to faster loops than literals.
 */
export const LAYOUT = {
  exponentials: 1024,
  scratch: 3072,
  mills: 9216,
  /** First byte that belongs to the caller. */
  arena: 131_072,
  bytesPerPair: 16,
  bytesPerDouble: 8,
} as const;

/** Cells of the Mills table per unit of its argument, and coefficients per cell. */
export const MILLS_CELLS_PER_UNIT = 64;
export const MILLS_COEFFICIENTS = 6;
/** Largest argument of the Mills table; beyond it the normal density is below 1e-322. */
export const MILLS_ARGUMENT_MAX = 38.5;
/** Cells of the table of powers of two. */
export const EXPONENTIAL_CELLS = 256;

const ROUNDING = 1.5 * 2 ** 52;
const STEP = Math.LN2 / EXPONENTIAL_CELLS;

/** Constants of the kernels; their place in memory is their order here. */
export const CONSTANTS = {
  /** Bounds of volatility x sqrt(years) inside a kernel: an option outside them is not priced by it. */
  totalVolatilityMin: 1e-290,
  totalVolatilityMax: 1e290,
  half: 0.5,
  /** Adding it rounds to a whole number, half to even. */
  rounding: ROUNDING,
  signBit: 0x8000000000000000n,
  magnitudeBits: 0x7fffffffffffffffn,
  millsArgumentMax: MILLS_ARGUMENT_MAX,
  /** Adding it rounds to a cell of the Mills table. */
  millsRounding: ROUNDING / MILLS_CELLS_PER_UNIT,
  /** -d²/2 in steps of 2^(1/256) is d² times this. */
  stepsPerSquare: -0.5 / STEP,
  /** e^-708 in steps: below it the density is 0. */
  stepsMin: -708 / STEP,
  exponential1: STEP,
  exponential2: (STEP * STEP) / 2,
  exponential3: (STEP * STEP * STEP) / 6,
  exponential4: (STEP * STEP * STEP * STEP) / 24,
  one: 1,
  wholePowerBits: 0xffffffffffffff00n,
  /** Sums of whole numbers below it are exact. */
  exactMax: 2 ** 53,
} as const;
