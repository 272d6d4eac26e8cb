import {
  requiredCapitalUsd,
  riskAdjustedCapitalUsd,
  solvencyRatio,
} from "#shared/risk/portfolio/capital.ts";
import { collateralValue } from "#shared/risk/portfolio/collateral.ts";
import {
  exposureByUnderlying,
  type Markets,
  type ShardBook,
  type UnderlyingExposure,
} from "#shared/risk/portfolio/portfolio.ts";
import { type PortfolioPnl, portfolioPnl } from "#shared/risk/portfolio/portfolio-pnl.ts";
import { shortTermLosses } from "#shared/risk/scenarios/short-term-shocks.ts";
import { type Scenario, STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { eulerAllocation } from "#shared/risk/statistics/euler-allocation.ts";
import { type TailRisk, tailRisk } from "#shared/risk/statistics/expected-shortfall.ts";

/** What the risk of a portfolio is measured on. */
export type RiskQuestion = {
  readonly shards: readonly ShardBook[];
  readonly markets: Markets;
  /** Scenarios to use exactly as given; the standard grid when left out. */
  readonly scenarios?: readonly Scenario[];
  /** Probability weight of each scenario; equal when left out. */
  readonly probabilities?: readonly number[];
  /** Confidence level of value at risk and expected shortfall. */
  readonly level: number;
};

/** Capital figures of one shard, or of the whole book, in USD. Losses positive. */
export type CapitalFigures = {
  readonly exposures: ReadonlyMap<string, UnderlyingExposure>;
  /** Collateral value + value of options, spot and struck forwards. */
  readonly equityUsd: number;
  readonly collateralUsdAfterHaircut: number;
  readonly requiredCapitalUsd: number;
  readonly riskAdjustedCapitalUsd: number;
  /** (Collateral after haircut + value of positions) / required capital; null when nothing is required. */
  readonly solvencyRatio: number | null;
  /** Part of the book's expected shortfall; parts of the shards sum to the book's. */
  readonly componentExpectedShortfallUsd: number;
};

/** The risk of a portfolio: per shard, whole, by scenario, and what makes the tail. */
export type PortfolioRisk = {
  readonly shards: ReadonlyMap<string, CapitalFigures>;
  readonly total: CapitalFigures;
  readonly scenarios: readonly Scenario[];
  readonly pnl: PortfolioPnl;
  /** Index of the scenario with the largest loss; the first of equals. */
  readonly worstScenarioIndex: number;
  readonly tailRisk: TailRisk;
  /** Components of expected shortfall by underlying and by expiry; each set sums to the whole. */
  readonly componentsByUnderlying: ReadonlyMap<string, number>;
  readonly componentsByExpiry: ReadonlyMap<number | null, number>;
};

/**
 * Greeks, scenario P&L, value at risk (type 7; type 1 with probabilities), expected shortfall with its attribution, and
 * capital of a portfolio on one market snapshot.
 *
 * Expected shortfall is over the scenarios given, which are not a forecast of any horizon. Without scenarios of
 * one's own, Risk-Adjusted Capital uses the short-term volatility shocks, else the worst of the scenarios given.
 *
 * @throws {RangeError} If an input is out of its domain or an underlying held has no market.
 */
export function portfolioRisk(question: RiskQuestion): PortfolioRisk {
  const { shards, markets, level, probabilities } = question;
  const scenarios = question.scenarios ?? STANDARD_GRID;
  const pnl = portfolioPnl(shards, markets, scenarios);
  const outcomes = { pnlUsd: Array.from(pnl.total), level };
  const tail =
    probabilities === undefined
      ? tailRisk(outcomes, 7)
      : tailRisk({ ...outcomes, weights: probabilities }, 1);
  const components = eulerAllocation(tail.tail, pnl.byShard);
  const figures = (books: readonly ShardBook[], vector: Float64Array, component: number) =>
    capitalFigures({
      books,
      markets,
      vector,
      component,
      hasOwnScenarios: question.scenarios !== undefined,
    });
  const byShard = new Map<string, CapitalFigures>();
  for (const shard of shards) {
    const vector = pnl.byShard.get(shard.id) ?? new Float64Array(scenarios.length);
    byShard.set(shard.id, figures([shard], vector, components.get(shard.id) ?? 0));
  }
  return {
    shards: byShard,
    total: figures(shards, pnl.total, tail.expectedShortfallUsd),
    scenarios,
    pnl,
    worstScenarioIndex: pnl.total.indexOf(Math.min(...pnl.total)),
    tailRisk: tail,
    componentsByUnderlying: eulerAllocation(tail.tail, pnl.byUnderlying),
    componentsByExpiry: eulerAllocation(tail.tail, pnl.byExpiry),
  };
}

function capitalFigures(of: {
  readonly books: readonly ShardBook[];
  readonly markets: Markets;
  readonly vector: Float64Array;
  readonly component: number;
  readonly hasOwnScenarios: boolean;
}): CapitalFigures {
  const exposures = exposureByUnderlying(of.books, of.markets);
  const collateral = collateralValue(of.books.flatMap((book) => book.collateral));
  let positionsUsd = 0;
  for (const { total } of exposures.values()) {
    positionsUsd += total.valueUsd;
  }
  const worstLossUsd = 0 - Math.min(...of.vector);
  const required = requiredCapitalUsd({ worstLossUsd, contingenciesUsd: 0 });
  const equityUsd = collateral.valueUsd + positionsUsd;
  const worstShockLossUsd = of.hasOwnScenarios
    ? worstLossUsd
    : shortTermLosses(of.books, of.markets).worstUsd;
  return {
    exposures,
    equityUsd,
    collateralUsdAfterHaircut: collateral.afterHaircutUsd,
    requiredCapitalUsd: required,
    riskAdjustedCapitalUsd: riskAdjustedCapitalUsd({
      equityUsd,
      haircutsUsd: collateral.haircutUsd,
      worstShockLossUsd,
      contingenciesUsd: 0,
    }),
    solvencyRatio: solvencyRatio(collateral.afterHaircutUsd + positionsUsd, required),
    componentExpectedShortfallUsd: of.component,
  };
}
