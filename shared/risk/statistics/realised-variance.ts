import { requireNotNegative, requirePositive } from "#shared/risk/pricing/option-terms.ts";

/** Squared log returns and the time they took, both fading by half every half-life. */
export type VarianceTrace = {
  readonly halfLifeYears: number;
  /** Faded sum of squared log returns. */
  readonly squares: number;
  /** Faded sum of the years between the prices. */
  readonly years: number;
};

/** A trace of nothing yet. */
export function newVarianceTrace(halfLifeYears: number): VarianceTrace {
  requirePositive("halfLifeYears", halfLifeYears);
  return { halfLifeYears, squares: 0, years: 0 };
}

/**
 * The trace after one more log return over `years`. At equal steps the variance it gives is the exponentially weighted
 * one, lambda x before + (1 - lambda) x return² / step with lambda = 2^(-step / halfLife), once the start has faded; steps
 * may differ, and a step without a move counts as one.
 *
 * @throws {RangeError} If the return is not finite or the years are negative.
 * @see J.P. Morgan, "RiskMetrics technical document", 4th ed. (1996), 5.2.
 */
export function traceReturn(trace: VarianceTrace, logReturn: number, years: number): VarianceTrace {
  requireNotNegative("years", years);
  if (!Number.isFinite(logReturn)) {
    throw new RangeError(`logReturn: ${logReturn}; must be finite`);
  }
  const kept = 2 ** (-years / trace.halfLifeYears);
  return {
    ...trace,
    squares: trace.squares * kept + logReturn * logReturn,
    years: trace.years * kept + years,
  };
}

/** Annual variance of a trace; null before any time has passed. */
export function tracedVariance({ squares, years }: VarianceTrace): number | null {
  return years > 0 ? squares / years : null;
}

/**
 * Mean annual variance expected over a horizon when variance returns to its long level at an exponential rate:
 * long + (now - long) (1 - e^(-a T)) / (a T). `now` at T = 0, the long level for T far beyond 1 / a.
 *
 * @param o.reversionPerYear The rate a, > 0.
 * @throws {RangeError} If a variance or the horizon is negative, or the rate is not above 0.
 * @see Hull, "Options, Futures, and Other Derivatives", volatility term structures of GARCH(1,1).
 */
export function meanVarianceAhead(o: {
  readonly varianceNow: number;
  readonly varianceLong: number;
  readonly years: number;
  readonly reversionPerYear: number;
}): number {
  requireNotNegative("varianceNow", o.varianceNow);
  requireNotNegative("varianceLong", o.varianceLong);
  requireNotNegative("years", o.years);
  requirePositive("reversionPerYear", o.reversionPerYear);
  const span = o.reversionPerYear * o.years;
  const share = span === 0 ? 1 : -Math.expm1(-span) / span;
  return o.varianceLong + (o.varianceNow - o.varianceLong) * share;
}
