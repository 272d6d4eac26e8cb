import {
  requireFinite,
  requireNotNegative,
  requirePositive,
} from "#shared/risk/pricing/option-terms.ts";
import { normalDistribution } from "#shared/risk/statistics/normal.ts";

/** Above this ratio of standard deviation to half-width the sine series needs the fewer terms. */
const SWITCH_AT = 0.8;
const TERMS = 12;
const IMAGES = 4;

/**
 * Probability that a Brownian motion without drift leaves the band (-halfWidth, halfWidth) at any time within the
 * horizon, from where it is now: 1 outside the band, 0 inside it when nothing moves.
 *
 * Inside, the probability of staying is (4/pi) Σ sin((2k+1) pi (x + H) / 2H) e^(-(2k+1)² pi² s² / 8H²) / (2k+1), or the
 * same by reflection for small s; both to within 1e-12 where they are used.
 *
 * @param o.deviationUnits Standard deviation s over the whole horizon.
 * @throws {RangeError} If an input is out of its domain; the message names it.
 * @see Feller, "An Introduction to Probability Theory and Its Applications", vol. 2, X.5.
 */
export function bandExitProbability(o: {
  readonly deltaUnits: number;
  readonly halfWidthUnits: number;
  readonly deviationUnits: number;
}): number {
  requireFinite("deltaUnits", o.deltaUnits);
  requirePositive("halfWidthUnits", o.halfWidthUnits);
  requireNotNegative("deviationUnits", o.deviationUnits);
  const at = o.deltaUnits / o.halfWidthUnits;
  const deviation = o.deviationUnits / o.halfWidthUnits;
  if (Math.abs(at) >= 1) return 1;
  if (deviation === 0) return 0;
  const stays = deviation > SWITCH_AT ? staysBySines(at, deviation) : staysByImages(at, deviation);
  return Math.min(1, Math.max(0, 1 - stays));
}

function staysBySines(at: number, deviation: number): number {
  let sum = 0;
  for (let k = 0; k < TERMS; k += 1) {
    const n = 2 * k + 1;
    const decay = Math.exp(-((n * Math.PI * deviation) ** 2) / 8);
    sum += (Math.sin((n * Math.PI * (at + 1)) / 2) / n) * decay;
  }
  return (4 / Math.PI) * sum;
}

function staysByImages(at: number, deviation: number): number {
  let sum = 0;
  for (let image = -IMAGES; image <= IMAGES; image += 1) {
    sum += within(at + 4 * image, deviation) - within(2 - at + 4 * image, deviation);
  }
  return sum;
}

/** Probability that a normal variable round `centre` ends within (-1, 1). */
function within(centre: number, deviation: number): number {
  return (
    normalDistribution((1 - centre) / deviation) - normalDistribution((-1 - centre) / deviation)
  );
}
