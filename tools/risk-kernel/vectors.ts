/** Where things lie in memory, and the constants that lie there, each one twice for the two lanes of a vector. */
export const EXPONENTIALS: usize = 1024;
export const SCRATCH: usize = 3072;
export const MILLS: usize = 9216;
export const MILLS_CELL_BYTES: usize = 48;
export const SCRATCH_PAIR_BYTES: usize = 96;
export const CHUNK_BYTES: usize = 1024;
export const BUCKET_BYTES: usize = 256;
export const BUCKET_ROWS: usize = 240;
export const SCENARIO_BYTES: usize = 48;
export const GROUP_HEAD_BYTES: usize = 32;
export const FACTOR_BLOCK_BYTES: usize = 16384;

// @ts-ignore: decorator
@inline export function totalVolatilityMin(): v128 { return v128.load(0, 0); }
// @ts-ignore: decorator
@inline export function totalVolatilityMax(): v128 { return v128.load(0, 16); }
// @ts-ignore: decorator
@inline export function half(): v128 { return v128.load(0, 32); }
// @ts-ignore: decorator
@inline export function rounding(): v128 { return v128.load(0, 48); }
// @ts-ignore: decorator
@inline export function signBit(): v128 { return v128.load(0, 64); }
// @ts-ignore: decorator
@inline export function magnitudeBits(): v128 { return v128.load(0, 80); }
// @ts-ignore: decorator
@inline export function millsArgumentMax(): v128 { return v128.load(0, 96); }
// @ts-ignore: decorator
@inline export function millsRounding(): v128 { return v128.load(0, 112); }
// @ts-ignore: decorator
@inline export function stepsPerSquare(): v128 { return v128.load(0, 128); }
// @ts-ignore: decorator
@inline export function stepsMin(): v128 { return v128.load(0, 144); }
// @ts-ignore: decorator
@inline export function exponential1(): v128 { return v128.load(0, 160); }
// @ts-ignore: decorator
@inline export function exponential2(): v128 { return v128.load(0, 176); }
// @ts-ignore: decorator
@inline export function exponential3(): v128 { return v128.load(0, 192); }
// @ts-ignore: decorator
@inline export function exponential4(): v128 { return v128.load(0, 208); }
// @ts-ignore: decorator
@inline export function one(): v128 { return v128.load(0, 224); }
// @ts-ignore: decorator
@inline export function wholePowerBits(): v128 { return v128.load(0, 240); }

// @ts-ignore: decorator
@inline export function exactMax(): v128 { return v128.load(0, 256); }

// @ts-ignore: decorator
@inline export function lows(left: v128, right: v128): v128 {
  return i8x16.shuffle(left, right, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

// @ts-ignore: decorator
@inline export function highs(left: v128, right: v128): v128 {
  return i8x16.shuffle(left, right, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
