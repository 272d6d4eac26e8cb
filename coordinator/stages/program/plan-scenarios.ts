import { isExpected } from "#coordinator/records/planning/pending-effect.ts";
import type {
  PlannedUnderlying,
  PlanningWorld,
} from "#coordinator/stages/program/planning-world.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";

/** Joint moves of all underlyings, with what each does to the net book. */
export type PlanScenarios = {
  /** One per scenario; they sum to 1. */
  readonly probabilities: readonly number[];
  /** P&L in USD of the books and the jobs in flight that are expected, one per scenario; gains positive. */
  readonly pnlUsd: readonly number[];
  /** P&L in USD per unit bought, by underlying, one per scenario. */
  readonly pnlUsdPerUnit: ReadonlyMap<string, readonly number[]>;
  /** What a P&L on the standard grid of one underlying comes to in a scenario, by its index. */
  readonly gridPnlUsd: (underlying: string, gridPnlUsd: readonly number[], index: number) => number;
};

/** Most scenarios a plan is judged on. */
const SCENARIOS_MAX = 100;
/** Spot move of one standard deviation for the scenarios' probabilities. */
const DEVIATION = 0.06;
const VOLATILITY_UNMOVED = 0.5;
const VOLATILITY_MOVED = 0.25;
const TAIL_PROBABILITY = 0.002;
/** Share of the probability of moves in which one underlying moves alone. */
const ALONE = 0.5;

/**
 * The standard grid applied to all underlyings at once, and, with several of them, the grid's moves of spot alone for
 * each by itself; at most 100. Probabilities follow a normal distribution of spot moves, with fixed ones for the tails.
 * P&L is that of full revaluation on the grid, which is what required capital uses, too.
 */
export function planScenarios(world: PlanningWorld): PlanScenarios {
  const tickers = world.underlyings.map((one) => one.underlying);
  const moves = jointMoves(tickers);
  const total = moves.reduce((sum, move) => sum + move.weight, 0);
  const grids = new Map(world.underlyings.map((one) => [one.underlying, netGridUsd(one, world)]));
  const pnlOf = (move: Move, values: (ticker: string, scenario: number) => number): number => {
    const moved = move.alone === null ? tickers : [move.alone];
    return moved.reduce((sum, ticker) => sum + values(ticker, move.scenario), 0);
  };
  return {
    probabilities: moves.map((move) => move.weight / total),
    pnlUsd: moves.map((move) => pnlOf(move, (ticker, at) => grids.get(ticker)?.[at] ?? 0)),
    pnlUsdPerUnit: new Map(
      world.underlyings.map(({ underlying, spotUsd }) => [
        underlying,
        moves.map((move) => {
          return pnlOf(move, (ticker, at) => (ticker === underlying ? spotUsd * shockOf(at) : 0));
        }),
      ]),
    ),
    gridPnlUsd: (underlying, gridPnlUsd, index) => {
      const move = moves[index];
      if (move === undefined || !(move.alone === null || move.alone === underlying)) return 0;
      return gridPnlUsd[move.scenario] ?? 0;
    },
  };
}

type Move = {
  /** Index in the standard grid. */
  readonly scenario: number;
  /** The only underlying that moves; null when all do. */
  readonly alone: string | null;
  readonly weight: number;
};

function jointMoves(tickers: readonly string[]): Move[] {
  const together = STANDARD_GRID.map((_, scenario): Move => {
    return { scenario, alone: null, weight: weightOf(scenario) };
  });
  if (tickers.length < 2) return together;
  const perTicker = Math.floor((SCENARIOS_MAX - together.length) / tickers.length);
  const spotOnly = [...STANDARD_GRID.keys()]
    .filter((at) => STANDARD_GRID[at]?.volShock === 0 && STANDARD_GRID[at]?.spotShock !== 0)
    .sort((left, right) => Math.abs(shockOf(right)) - Math.abs(shockOf(left)) || left - right)
    .slice(0, perTicker - (perTicker % 2));
  const single = tickers.flatMap((alone) => {
    return spotOnly.map((scenario): Move => {
      return { scenario, alone, weight: (ALONE * weightOf(scenario)) / tickers.length };
    });
  });
  return [...together.map((move) => ({ ...move, weight: move.weight * (1 - ALONE) })), ...single];
}

function weightOf(index: number): number {
  const scenario = STANDARD_GRID[index];
  if (scenario === undefined) return 0;
  if (scenario.weight < 1) return TAIL_PROBABILITY;
  const isMoved = scenario.volShock !== 0;
  const density = Math.exp(-0.5 * (scenario.spotShock / DEVIATION) ** 2);
  return density * (isMoved ? VOLATILITY_MOVED : VOLATILITY_UNMOVED);
}

/** Damped spot move: what one unit of the underlying gains per USD of spot. */
function shockOf(index: number): number {
  const scenario = STANDARD_GRID[index];
  return scenario === undefined ? 0 : scenario.spotShock * scenario.weight;
}

function netGridUsd(one: PlannedUnderlying, world: PlanningWorld): number[] {
  const owns = world.inputs.flatMap(
    (input) => input.valuation.underlyings.get(one.underlying) ?? [],
  );
  const jobs = world.effects.filter((effect) => {
    return effect.underlying === one.underlying && isExpected(effect);
  });
  return STANDARD_GRID.map((_, at) => {
    const booksUsd = owns.reduce((sum, own) => sum + (own.gridPnlUsd[at] ?? 0), 0);
    const jobsUsd = jobs.reduce((sum, { option, deltaUnits }) => {
      return sum + (option?.gridPnlUsd[at] ?? deltaUnits * one.spotUsd * shockOf(at));
    }, 0);
    return booksUsd + jobsUsd;
  });
}
