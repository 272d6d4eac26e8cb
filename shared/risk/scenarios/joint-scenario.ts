import {
  exposuresOf,
  type Markets,
  marketOf,
  type ShardBook,
} from "#shared/risk/portfolio/portfolio.ts";
import { positionPnlUsd } from "#shared/risk/portfolio/position.ts";
import { repairedCorrelation, requireCorrelation } from "#shared/risk/statistics/correlation.ts";
import { standardNormal, type UniformStream } from "#shared/risk/statistics/random.ts";
import { type Matrix, squareRootFactor } from "#shared/risk/statistics/symmetric-matrix.ts";

/** Moves of several underlyings at once. What an underlying is not named for does not move. */
export type JointScenario = {
  /** Relative moves of spot and of volatility per underlying. */
  readonly moves: ReadonlyMap<string, { readonly spotShock: number; readonly volShock: number }>;
  /** Probability weight, >= 0; need not sum to 1. */
  readonly weight: number;
};

/** Prices and volatilities of one underlying over past days, oldest first. */
export type History = {
  readonly spotUsd: readonly number[];
  readonly volatility: readonly number[];
};

/** One factor of a Monte-Carlo model: spot and volatility of one underlying. */
export type FactorModel = {
  readonly underlying: string;
  /** Annual volatility of spot. */
  readonly spotVolatility: number;
  /** Annual volatility of (relative) volatility. */
  readonly volatilityOfVolatility: number;
};

/**
 * Scenarios from history: the relative moves of every underlying over each past window of `days`, applied to today.
 * Windows overlap; the newest is last. With a half-life, older windows weigh less (exponential weighting).
 *
 * @throws {RangeError} If histories differ in length, hold no whole window, or a price is not above 0.
 * @see Boudoukh, Richardson and Whitelaw, "The best of both worlds", Risk (1998), for the weights.
 */
export function historicalScenarios(
  histories: ReadonlyMap<string, History>,
  window: { readonly days: number; readonly halfLifeDays?: number },
): JointScenario[] {
  const lengths = [...histories.values()].flatMap(({ spotUsd, volatility }) => [
    spotUsd.length,
    volatility.length,
  ]);
  const length = lengths[0] ?? 0;
  if (lengths.some((other) => other !== length) || !(length > window.days)) {
    throw new RangeError(
      `histories: lengths ${lengths.join(", ")}; must be equal and above ${window.days}`,
    );
  }
  return Array.from({ length: length - window.days }, (_scenario, start) => {
    const end = start + window.days;
    const moves = new Map(
      [...histories].map(([underlying, { spotUsd, volatility }]) => [
        underlying,
        {
          spotShock: relativeMove(spotUsd, start, end),
          volShock: relativeMove(volatility, start, end),
        },
      ]),
    );
    const age = length - 1 - end;
    return {
      moves,
      weight: window.halfLifeDays === undefined ? 1 : 0.5 ** (age / window.halfLifeDays),
    };
  });
}

/**
 * Monte-Carlo scenarios over a horizon: jointly lognormal moves of spot and volatility, without drift of the mean. The
 * correlation matrix is repaired when it is not positive semi-definite. Each draw is followed by its mirror image
 * (antithetic), so the sample is symmetric.
 *
 * @param model Factors, and their correlation: all spots in order, then all volatilities.
 * @param horizon Years, and how many pairs of scenarios.
 * @throws {RangeError} If the correlation matrix is not symmetric with a unit diagonal of twice the factors' number.
 */
export function monteCarloScenarios(
  model: { readonly factors: readonly FactorModel[]; readonly correlation: Matrix },
  horizon: { readonly years: number; readonly pairs: number },
  uniform: UniformStream,
): JointScenario[] {
  const { factors, correlation } = model;
  requireCorrelation(correlation);
  if (correlation.length !== 2 * factors.length) {
    throw new RangeError(
      `correlation: ${correlation.length} rows; must have ${2 * factors.length}`,
    );
  }
  const factor = squareRootFactor(repairedCorrelation(correlation));
  const scenarios: JointScenario[] = [];
  for (let pair = 0; pair < horizon.pairs; pair += 1) {
    const independent = correlation.map(() => standardNormal(uniform));
    const joint = factor.map((row) =>
      row.reduce((sum, value, k) => sum + value * (independent[k] ?? 0), 0),
    );
    for (const sign of [1, -1]) {
      scenarios.push({ weight: 1, moves: movesOf(factors, joint, { sign, years: horizon.years }) });
    }
  }
  return scenarios;
}

/**
 * Profit and loss in USD of each shard in each joint scenario, by full revaluation. Gains positive.
 *
 * @throws {RangeError} If an underlying has no market, or as valuePosition.
 */
export function jointPnlUsd(
  shards: readonly ShardBook[],
  markets: Markets,
  scenarios: readonly JointScenario[],
): Map<string, Float64Array> {
  return new Map(
    shards.map((shard) => {
      const vector = new Float64Array(scenarios.length);
      for (const { position } of exposuresOf(shard, markets)) {
        const still = { spotShock: 0, volShock: 0 };
        const moves = scenarios.map((scenario) => scenario.moves.get(position.underlying) ?? still);
        const pnl = positionPnlUsd(position, marketOf(markets, position.underlying), moves);
        pnl.forEach((value, index) => {
          vector[index] = (vector[index] ?? 0) + value;
        });
      }
      return [shard.id, vector];
    }),
  );
}

function relativeMove(series: readonly number[], start: number, end: number): number {
  const [from, to] = [series[start] ?? Number.NaN, series[end] ?? Number.NaN];
  if (!(from > 0 && to > 0)) {
    throw new RangeError(`history: ${from} and ${to} at ${start} and ${end}; must be > 0`);
  }
  return to / from - 1;
}

function movesOf(
  factors: readonly FactorModel[],
  joint: readonly number[],
  at: { readonly sign: number; readonly years: number },
): JointScenario["moves"] {
  const lognormal = (volatility: number, draw: number) => {
    const deviation = volatility * Math.sqrt(at.years);
    return Math.expm1(at.sign * deviation * draw - 0.5 * deviation * deviation);
  };
  return new Map(
    factors.map((factor, index) => [
      factor.underlying,
      {
        spotShock: lognormal(factor.spotVolatility, joint[index] ?? 0),
        volShock: lognormal(factor.volatilityOfVolatility, joint[factors.length + index] ?? 0),
      },
    ]),
  );
}
