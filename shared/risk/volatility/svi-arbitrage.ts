import type { SsviSlice } from "#shared/risk/volatility/svi-forms.ts";
import {
  type SviParameters,
  type SviSlice,
  sviDerivatives,
  sviTotalVariance,
} from "#shared/risk/volatility/svi-slice.ts";

/** Points in ln(strike / forward) at which a smile is checked. */
export type CheckRange = { readonly from: number; readonly to: number; readonly points: number };

/** What is wrong with a smile or a pair of smiles, and where it is worst. */
export type Arbitrage = {
  readonly kind: "parameters" | "negative-variance" | "butterfly" | "wing-slope" | "calendar";
  /** Log-moneyness of the worst point; null when the fault has no place. */
  readonly logMoneyness: number | null;
  /** The figure that should be >= 0 (density function, variance, slack of the wing, variance gained). */
  readonly value: number;
  /** Expiry of the slice at fault, the later one of a calendar pair; null for bare parameters. */
  readonly expiryMs: number | null;
};

const DEFAULT_RANGE: CheckRange = { from: -2, to: 2, points: 801 };
/** A density this little below zero is rounding, not arbitrage. */
const TOLERANCE = 1e-12;

/**
 * The density function g(k) of a smile: the risk-neutral density of ln(strike / forward) has its sign, so a
 * negative value is a butterfly that costs nothing. Dimensionless; NaN where total variance is not positive.
 *
 * @see Gatheral and Jacquier (2014), eq. 2.1 and lemma 2.2.
 */
export function butterflyDensity(slice: SviParameters, logMoneyness: number): number {
  const { value, first, second } = sviDerivatives(slice, logMoneyness);
  if (!(value > 0)) {
    return Number.NaN;
  }
  const lever = 1 - (logMoneyness * first) / (2 * value);
  return lever * lever - 0.25 * first * first * (1 / value + 0.25) + 0.5 * second;
}

/**
 * Faults of one smile: parameters out of their domain, negative total variance, negative density on the
 * range, and wings steeper than 2 (Lee's moment formula). Empty when there is none.
 */
export function sliceArbitrage(
  slice: SviParameters | SviSlice,
  range: CheckRange = DEFAULT_RANGE,
): Arbitrage[] {
  const expiryMs = "expiryMs" in slice ? slice.expiryMs : null;
  const { b, rho, sigma } = slice;
  const isWellFormed =
    Object.values(slice).every(Number.isFinite) && b >= 0 && Math.abs(rho) <= 1 && sigma > 0;
  if (!isWellFormed) {
    const value = Math.min(b, 1 - Math.abs(rho), sigma);
    return [{ kind: "parameters", logMoneyness: null, value, expiryMs }];
  }
  const faults: Arbitrage[] = [];
  const wingSlack = 2 - b * (1 + Math.abs(rho));
  if (wingSlack < 0) {
    faults.push({ kind: "wing-slope", logMoneyness: null, value: wingSlack, expiryMs });
  }
  const variance = worstOf(range, (k) => sviTotalVariance(slice, k));
  if (!(variance.value > 0)) {
    return [...faults, { kind: "negative-variance", ...variance, expiryMs }];
  }
  const density = worstOf(range, (k) => butterflyDensity(slice, k));
  if (density.value < -TOLERANCE) {
    faults.push({ kind: "butterfly", ...density, expiryMs });
  }
  return faults;
}

/**
 * Faults of a whole surface: those of each slice, and calendar arbitrage, where total variance at a fixed
 * ln(strike / forward) falls from one expiry to the next. The order of the slices does not matter.
 */
export function surfaceArbitrage(
  slices: readonly SviSlice[],
  range: CheckRange = DEFAULT_RANGE,
): Arbitrage[] {
  const ordered = [...slices].sort((left, right) => left.expiryMs - right.expiryMs);
  const faults = ordered.flatMap((slice) => sliceArbitrage(slice, range));
  ordered.forEach((later, index) => {
    const earlier = ordered[index - 1];
    if (earlier === undefined) {
      return;
    }
    const gain = worstOf(range, (k) => sviTotalVariance(later, k) - sviTotalVariance(earlier, k));
    if (gain.value < -TOLERANCE) {
      faults.push({ kind: "calendar", ...gain, expiryMs: later.expiryMs });
    }
  });
  return faults;
}

/**
 * Sufficient conditions for an SSVI slice to be free of butterfly arbitrage, both at once:
 * theta phi (1 + |rho|) < 4 and theta phi² (1 + |rho|) <= 4.
 *
 * @see Gatheral and Jacquier (2014), theorem 4.2.
 */
export function isSsviButterflyFree(slice: SsviSlice): boolean {
  const wing = slice.theta * slice.phi * (1 + Math.abs(slice.rho));
  return wing < 4 && wing * slice.phi <= 4;
}

type Worst = { readonly logMoneyness: number; readonly value: number };

/** Smallest value on the range; a NaN counts as the smallest. */
function worstOf(range: CheckRange, of: (logMoneyness: number) => number): Worst {
  let worst: Worst = { logMoneyness: range.from, value: Number.POSITIVE_INFINITY };
  for (let point = 0; point < range.points; point += 1) {
    const logMoneyness = range.from + ((range.to - range.from) * point) / (range.points - 1);
    const value = of(logMoneyness);
    if (Number.isNaN(value)) {
      return { logMoneyness, value };
    }
    if (value < worst.value) {
      worst = { logMoneyness, value };
    }
  }
  return worst;
}
