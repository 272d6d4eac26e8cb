/** One joint move of an underlying's price and of its volatilities. */
export type Scenario = {
  /** Relative move of spot: -0.1 is a 10 % fall. Above -1. */
  readonly spotShock: number;
  /** Relative move of every volatility: 0.3 multiplies by 1.3. Never below a multiplier of 0. */
  readonly volShock: number;
  /** Share of the scenario's profit or loss that counts, in (0, 1]; below 1 for dampened tails. */
  readonly weight: number;
  /** True when `volShock` is nominal at 30 days and scaled by tenor (tenorScale); else it is used as it is. */
  readonly tenorScaled?: boolean;
};

/** Largest regular spot move, up or down; in a tail no delta-one position loses more than this share of its notional. */
export const REGULAR_MOVE_MAX = 0.18;
const REGULAR_SPOT_SHOCKS = [-0.18, -0.135, -0.09, -0.045, 0, 0.045, 0.09, 0.135, 0.18];
const VOL_SHOCKS = [0.6, 0, -0.3];
const TAIL_SPOT_SHOCKS = [-0.66, -0.33, 0.5, 1, 2, 3];
const TAIL_VOL_SHOCK = 0.6;

/**
 * The standard grid of 33 scenarios: nine regular spot moves within ±18 % with volatility up 60 %,
 * unchanged and down 30 % (spot-major), then six tails from -66 % to +300 % with volatility up.
 *
 * Volatility shocks are nominal at 30 days and scaled by tenor. A tail counts with weight 0.18 / |move|,
 * so a position of delta one never loses more in a tail than in the largest regular move, while convex
 * positions still show. The shape (regular 3-state grid and dampened tails c / |move|) follows Deribit's
 * portfolio margin and Derive's PMRM 2; the sizes are our own.
 */
export const STANDARD_GRID: readonly Scenario[] = [
  ...REGULAR_SPOT_SHOCKS.flatMap((spotShock) =>
    VOL_SHOCKS.map((volShock) => ({ spotShock, volShock, weight: 1, tenorScaled: true })),
  ),
  ...TAIL_SPOT_SHOCKS.map((spotShock) => ({
    spotShock,
    volShock: TAIL_VOL_SHOCK,
    weight: REGULAR_MOVE_MAX / Math.abs(spotShock),
    tenorScaled: true,
  })),
];
