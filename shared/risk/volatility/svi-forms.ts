import { requireNotNegative, requirePositive } from "#shared/risk/pricing/option-terms.ts";
import type { SviParameters } from "#shared/risk/volatility/svi-slice.ts";

/** Natural SVI: w(k) = delta + omega/2 (1 + zeta rho (k - mu) + sqrt((zeta (k - mu) + rho)² + 1 - rho²)). */
type NaturalSvi = {
  readonly delta: number;
  readonly mu: number;
  readonly rho: number;
  readonly omega: number;
  /** Above 0. */
  readonly zeta: number;
};

/** One expiry of a surface SSVI: natural SVI with delta = mu = 0. */
export type SsviSlice = {
  /** Total variance at the money, > 0. */
  readonly theta: number;
  /** Correlation of price and volatility, in (-1, 1). */
  readonly rho: number;
  /** Curvature phi(theta), > 0. */
  readonly phi: number;
};

/** Jump-wings SVI of one expiry: what a trader reads off a smile. */
export type SviJumpWings = {
  readonly years: number;
  /** Variance (volatility²) at the money. */
  readonly v: number;
  /** Skew at the money. */
  readonly psi: number;
  /** Slope of the left (put) wing. */
  readonly p: number;
  /** Slope of the right (call) wing. */
  readonly c: number;
  /** Smallest variance. */
  readonly vTilde: number;
};

/**
 * Total variance of an SSVI slice at k = ln(strike / forward).
 *
 * @see Gatheral and Jacquier (2014), definition 4.1.
 */
export function ssviTotalVariance(slice: SsviSlice, logMoneyness: number): number {
  const { theta, rho, phi } = slice;
  const scaled = phi * logMoneyness;
  return 0.5 * theta * (1 + rho * scaled + Math.hypot(scaled + rho, Math.sqrt(1 - rho * rho)));
}

/** The same smile in raw form; gives the surface code one form to work with. */
export function rawFromSsvi(slice: SsviSlice): SviParameters {
  return rawFromNatural({ delta: 0, mu: 0, rho: slice.rho, omega: slice.theta, zeta: slice.phi });
}

/**
 * Raw parameters of a natural SVI smile.
 *
 * @throws {RangeError} If zeta is not above 0, omega is negative, or |rho| >= 1.
 * @see Gatheral and Jacquier (2014), lemma 3.1.
 */
export function rawFromNatural(natural: NaturalSvi): SviParameters {
  const { delta, mu, rho, omega, zeta } = natural;
  requirePositive("zeta", zeta);
  requireNotNegative("omega", omega);
  if (!(Math.abs(rho) < 1)) {
    throw new RangeError(`rho: ${rho}; must be within (-1, 1)`);
  }
  return {
    a: delta + 0.5 * omega * (1 - rho * rho),
    b: 0.5 * omega * zeta,
    rho,
    m: mu - rho / zeta,
    sigma: Math.sqrt(1 - rho * rho) / zeta,
  };
}

/** Curvature of the power-law SSVI: phi(theta) = eta / (theta^gamma (1 + theta)^(1 - gamma)). */
export function powerLawPhi(
  theta: number,
  shape: { readonly eta: number; readonly gamma: number },
): number {
  requirePositive("theta", theta);
  return shape.eta / (theta ** shape.gamma * (1 + theta) ** (1 - shape.gamma));
}

/**
 * Jump-wings parameters of a raw slice with positive variance at the money.
 *
 * @throws {RangeError} If `years` or the total variance at the money is not above 0.
 * @see Gatheral and Jacquier (2014), section 3.3.
 */
export function jumpWingsFromRaw(raw: SviParameters, years: number): SviJumpWings {
  requirePositive("years", years);
  const { a, b, rho, m, sigma } = raw;
  const radius = Math.hypot(m, sigma);
  const total = a + b * (-rho * m + radius);
  requirePositive("total variance at the money", total);
  const root = Math.sqrt(total);
  return {
    years,
    v: total / years,
    psi: (b / (2 * root)) * (rho - m / radius),
    p: (b * (1 - rho)) / root,
    c: (b * (1 + rho)) / root,
    vTilde: (a + b * sigma * Math.sqrt(1 - rho * rho)) / years,
  };
}

/**
 * Raw parameters of a jump-wings slice.
 *
 * @throws {RangeError} If the parameters describe no smile (v, p + c not above 0, or psi beyond the wings).
 * @see Gatheral and Jacquier (2014), lemma 3.2.
 */
export function rawFromJumpWings(wings: SviJumpWings): SviParameters {
  const { years, v, psi, p, c, vTilde } = wings;
  requirePositive("years", years);
  requirePositive("v", v);
  requirePositive("p + c", p + c);
  const root = Math.sqrt(v * years);
  const b = 0.5 * root * (c + p);
  const rho = 1 - (p * root) / b;
  const beta = rho - (2 * psi * root) / b;
  if (!(Math.abs(beta) <= 1)) {
    throw new RangeError(`psi: ${psi}; must be between -p/2 (${-p / 2}) and c/2 (${c / 2})`);
  }
  if (beta === 0) {
    const sigma = ((v - vTilde) * years) / (b * (1 - Math.sqrt(1 - rho * rho)));
    return { a: v * years - b * sigma, b, rho, m: 0, sigma };
  }
  const alpha = Math.sign(beta) * Math.sqrt(1 / (beta * beta) - 1);
  const denominator =
    -rho + Math.sign(alpha) * Math.sqrt(1 + alpha * alpha) - alpha * Math.sqrt(1 - rho * rho);
  const m = ((v - vTilde) * years) / (b * denominator);
  const sigma = alpha * m;
  return { a: vTilde * years - b * sigma * Math.sqrt(1 - rho * rho), b, rho, m, sigma };
}

/**
 * The nearest smile free of butterfly arbitrage with the same v, psi and p: call wing c' = p + 2 psi and
 * smallest variance 4 v p c' / (p + c')², which makes it an SSVI slice.
 *
 * @throws {RangeError} If p + 2 psi is not above 0.
 * @see Gatheral and Jacquier (2014), section 5.1.
 */
export function withoutButterfly(wings: SviJumpWings): SviJumpWings {
  const c = wings.p + 2 * wings.psi;
  requirePositive("p + 2 psi", c);
  return { ...wings, c, vTilde: (wings.v * 4 * wings.p * c) / (wings.p + c) ** 2 };
}
