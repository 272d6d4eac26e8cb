import { normalQuantile } from "#shared/risk/statistics/normal-quantile.ts";

/** A stream of numbers, uniform in (0, 1), never 0 or 1. */
export type UniformStream = () => number;

/**
 * Reproducible uniform numbers: the same seed gives the same stream everywhere (xoshiro128** seeded by splitmix32; 53
 * bits from two draws).
 *
 * @param seed Any whole number; only its low 32 bits count.
 * @see Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47 (2021).
 */
export function seededUniform(seed: number): UniformStream {
  const state = new Uint32Array(4);
  let mixed = seed >>> 0;
  for (let word = 0; word < 4; word += 1) {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let bits = mixed;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    state[word] = bits ^ (bits >>> 15);
  }
  return () => {
    const high = next32(state) >>> 5;
    const low = next32(state) >>> 6;
    return (high * 67_108_864 + low + 0.5) / 9_007_199_254_740_992;
  };
}

/** A standard normal number, by inversion: one uniform number each, so streams stay aligned. */
export function standardNormal(uniform: UniformStream): number {
  return normalQuantile(uniform());
}

function next32(state: Uint32Array): number {
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
  const scrambled = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9);
  const t = s1 << 9;
  const x2 = s2 ^ s0;
  const x3 = s3 ^ s1;
  state[1] = s1 ^ x2;
  state[0] = s0 ^ x3;
  state[2] = x2 ^ t;
  state[3] = rotateLeft(x3, 11);
  return scrambled >>> 0;
}

function rotateLeft(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}
