import { seededUniform } from "#shared/risk/statistics/random.ts";

/** Reproducible choices of one part of the simulation. */
export type Random = {
  /** In (0, 1). */
  readonly uniform: () => number;
  readonly chance: (probability: number) => boolean;
  /** In [low, high). */
  readonly between: (low: number, high: number) => number;
  /** A whole number in [low, high]. */
  readonly integer: (low: number, high: number) => number;
};

/** A stream of its own for each part, so that one more draw in one part does not change the others. */
export function randomOf(seed: number, part: string): Random {
  let mixed = Math.imul(seed, 0x9e3779b1) >>> 0;
  for (const letter of part) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  const uniform = seededUniform(mixed);
  return {
    uniform,
    chance: (probability) => uniform() < probability,
    between: (low, high) => low + uniform() * (high - low),
    integer: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
  };
}
