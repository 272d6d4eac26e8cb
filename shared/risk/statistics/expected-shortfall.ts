import { type QuantileType, sortedQuantile } from "#shared/risk/statistics/quantile.ts";

/** Scenario P&L in USD with, on request, the weight (probability) of each scenario. */
export type ScenarioOutcomes = {
  /** Gains positive. Not mutated. */
  readonly pnlUsd: readonly number[];
  /** One per scenario, >= 0, not all 0; normalised to sum 1. Equal when left out. */
  readonly weights?: readonly number[];
  /** Confidence level in (0, 1), such as 0.975. */
  readonly level: number;
};

/** One scenario of the tail and its share of it. */
export type TailScenario = { readonly index: number; readonly weight: number };

/** The two tail measures and what makes them. Losses are positive. */
export type TailRisk = {
  readonly valueAtRiskUsd: number;
  readonly expectedShortfallUsd: number;
  /** By ascending index; weights sum to 1; expected shortfall = sum of weight x loss. */
  readonly tail: readonly TailScenario[];
};

/** Part of the tail's mass that is rounding of `1 - level`, not a scenario. */
const MASS_TOLERANCE = 1e-12;

/**
 * Value at risk and expected shortfall of scenario outcomes, and which scenarios make the tail.
 *
 * Value at risk is the `level` quantile, of the named type, of the losses. Expected shortfall is the mean
 * of the worst `1 - level` of the weight: the scenario that straddles the edge counts by its part, and
 * scenarios tied there share it in proportion to their weights, so the tail does not depend on the order of the
 * input. It does not depend on the quantile type and is not floored: a tail of gains is a negative shortfall.
 *
 * @param type Quantile type; weights are allowed with type 1 only, where the quantile is the smallest loss
 * whose cumulative weight reaches the level.
 * @throws {RangeError} If an input is empty, not finite or out of range, or weights come with another type.
 * @see Acerbi and Tasche, "On the coherence of expected shortfall", J. Banking & Finance 26 (2002).
 */
export function tailRisk(outcomes: ScenarioOutcomes, type: QuantileType = 7): TailRisk {
  requireOutcomes(outcomes);
  if (outcomes.weights !== undefined && type !== 1) {
    throw new RangeError(`quantileType: ${type}; must be 1 when weights are given`);
  }
  const edge = tailEdge(outcomes);
  const tail = tailShares(outcomes, edge);
  let expectedShortfallUsd = 0;
  for (const { index, weight } of tail) {
    expectedShortfallUsd -= weight * (outcomes.pnlUsd[index] ?? 0);
  }
  const valueAtRiskUsd =
    type === 1
      ? edge.valueAtRiskUsd
      : sortedQuantile(
          Float64Array.from(outcomes.pnlUsd, (pnl) => -pnl).sort(),
          outcomes.level,
          type,
        );
  return {
    valueAtRiskUsd: valueAtRiskUsd + 0,
    expectedShortfallUsd: expectedShortfallUsd + 0,
    tail,
  };
}

/**
 * Expected shortfall alone: the mean loss over the worst `1 - level` share of equally likely scenarios.
 *
 * @returns The expected loss in USD; negative when even the tail is a gain.
 * @throws {RangeError} As {@link tailRisk}.
 */
export function expectedShortfall(pnlUsd: readonly number[], level: number): number {
  return tailRisk({ pnlUsd, level }, 1).expectedShortfallUsd;
}

/** @throws {RangeError} If the outcomes are empty, not finite or out of range; the message names the field. */
function requireOutcomes(outcomes: ScenarioOutcomes): void {
  const { pnlUsd, weights, level } = outcomes;
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`level: ${level}; must be within (0, 1)`);
  }
  if (pnlUsd.length === 0) {
    throw new RangeError("pnlUsd: empty; must have at least one scenario");
  }
  const bad = pnlUsd.findIndex((pnl) => !Number.isFinite(pnl));
  if (bad >= 0) {
    throw new RangeError(`pnlUsd[${bad}]: ${pnlUsd[bad]}; must be finite`);
  }
  if (weights === undefined) {
    return;
  }
  if (weights.length !== pnlUsd.length) {
    throw new RangeError(
      `weights: ${weights.length} given; must be one per scenario (${pnlUsd.length})`,
    );
  }
  const negative = weights.findIndex((weight) => !(weight >= 0) || !Number.isFinite(weight));
  if (negative >= 0) {
    throw new RangeError(`weights[${negative}]: ${weights[negative]}; must be >= 0`);
  }
  if (!weights.some((weight) => weight > 0)) {
    throw new RangeError("weights: all 0; at least one must be > 0");
  }
}

/** Where the tail ends: scenarios strictly worse are in it whole, those tied at the edge by their share. */
type TailEdge = {
  readonly weights: readonly number[];
  readonly lossAtEdgeUsd: number;
  /** Share of each tied scenario that is inside the tail. */
  readonly shareAtEdge: number;
  /** Type 1 quantile of the losses. */
  readonly valueAtRiskUsd: number;
};

function tailEdge(outcomes: ScenarioOutcomes): TailEdge {
  const { pnlUsd, level } = outcomes;
  const weights = normalised(outcomes);
  const order = Uint32Array.from(pnlUsd.keys()).sort((left, right) =>
    lossOrder(pnlUsd, left, right),
  );
  const mass = 1 - level;
  let inside = 0;
  let edge: { readonly loss: number; readonly share: number } | null = null;
  for (let at = 0; at < order.length; ) {
    const loss = -(pnlUsd[order[at] ?? 0] ?? 0);
    let tied = 0;
    let next = at;
    while (next < order.length && -(pnlUsd[order[next] ?? 0] ?? 0) === loss) {
      tied += weights[order[next] ?? 0] ?? 0;
      next += 1;
    }
    const missing = mass - inside;
    if (edge === null && tied >= missing - MASS_TOLERANCE * mass) {
      edge = { loss, share: tied > 0 ? Math.min(1, missing / tied) : 0 };
    }
    if (inside + tied > mass * (1 + MASS_TOLERANCE) || next === order.length) {
      const lossAtEdgeUsd = edge?.loss ?? loss;
      return { weights, lossAtEdgeUsd, shareAtEdge: edge?.share ?? 1, valueAtRiskUsd: loss };
    }
    inside += tied;
    at = next;
  }
  throw new RangeError("pnlUsd: empty; must have at least one scenario");
}

/** Worst first; ties by index. */
function lossOrder(pnlUsd: readonly number[], left: number, right: number): number {
  return (pnlUsd[left] ?? 0) - (pnlUsd[right] ?? 0) || left - right;
}

function normalised(outcomes: ScenarioOutcomes): readonly number[] {
  const { pnlUsd, weights } = outcomes;
  if (weights === undefined) {
    return new Array<number>(pnlUsd.length).fill(1 / pnlUsd.length);
  }
  const largest = Math.max(...weights);
  const total = weights.reduce((sum, weight) => sum + weight / largest, 0);
  return weights.map((weight) => weight / largest / total);
}

function tailShares(outcomes: ScenarioOutcomes, edge: TailEdge): TailScenario[] {
  const tail: { index: number; weight: number }[] = [];
  let total = 0;
  outcomes.pnlUsd.forEach((pnl, index) => {
    const share =
      -pnl > edge.lossAtEdgeUsd ? 1 : -pnl === edge.lossAtEdgeUsd ? edge.shareAtEdge : 0;
    const weight = share * (edge.weights[index] ?? 0);
    if (weight > 0) {
      tail.push({ index, weight });
      total += weight;
    }
  });
  return tail.map(({ index, weight }) => ({ index, weight: weight / total }));
}
