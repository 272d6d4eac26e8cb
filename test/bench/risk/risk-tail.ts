import { type FactorExposure, type FactorPnl, factorPnl } from "#shared/risk/kernel/factor-pnl.ts";
import type { KernelKind } from "#shared/risk/kernel/kernel.ts";
import { type TailMeasures, tailSelection } from "#shared/risk/kernel/tail-selection.ts";
import { seededUniform, standardNormal } from "#shared/risk/statistics/random.ts";
import { type BenchRow, compare } from "#test/bench/compare.ts";

const LEVEL = 0.975;
const FACTORS = 50;

/** Value at risk and expected shortfall of delta-gamma P&L: nested arrays and a sort against the kernels. */
export async function tailRows(scenarios: number, rounds: number): Promise<BenchRow[]> {
  const uniform = seededUniform(50);
  const nested = Array.from({ length: scenarios }, () =>
    Array.from({ length: FACTORS }, () => 0.02 * standardNormal(uniform)),
  );
  const exposures = Array.from({ length: FACTORS }, () => {
    return { deltaUsd: 1e6 * standardNormal(uniform), gammaUsd: 1e6 * standardNormal(uniform) };
  });
  const simd = filled(nested, "simd");
  const typed = filled(nested, "typed");
  const selection = tailSelection(scenarios);
  const whole = (table: FactorPnl) => {
    table.setAll(exposures);
    return selection.measure(table.pnlUsd, LEVEL);
  };
  let turn = 0;
  const one = (table: FactorPnl) => {
    turn += 1;
    const factor = turn % FACTORS;
    const { deltaUsd, gammaUsd } = exposures[factor] ?? { deltaUsd: 0, gammaUsd: 0 };
    table.setOne(factor, { deltaUsd: deltaUsd * (1 + 0.01 * (turn % 7)), gammaUsd });
    return selection.measure(table.pnlUsd, LEVEL);
  };
  requireAgreement(naiveTail(nested, exposures), [whole(simd), whole(typed)]);
  const name = `VaR and ES, ${scenarios} scenarios x ${FACTORS} factors`;
  return compare(
    { name: "nested arrays, sorted", run: () => naiveTail(nested, exposures) },
    [
      { name: `${name}, SIMD`, run: () => whole(simd), goal: 10 },
      { name: `${name}, typed arrays`, run: () => whole(typed) },
      { name: `${name}, one factor changed, SIMD`, run: () => one(simd), goal: 100 },
      { name: `${name}, one factor changed, typed arrays`, run: () => one(typed) },
    ],
    rounds,
  );
}

function filled(nested: readonly (readonly number[])[], kind: KernelKind): FactorPnl {
  const table = factorPnl({ scenarios: nested.length, factors: FACTORS }, kind);
  for (let factor = 0; factor < FACTORS; factor += 1) {
    const moves = table.moves(factor);
    nested.forEach((row, scenario) => {
      moves[scenario] = row[factor] ?? 0;
    });
  }
  return table;
}

/** The straightforward way: an array per scenario, map, reduce and sort; quantile type 7. */
function naiveTail(
  nested: readonly (readonly number[])[],
  exposures: readonly FactorExposure[],
): TailMeasures {
  const losses = nested.map(
    (moves) =>
      -moves.reduce((sum, move, factor) => {
        const { deltaUsd = 0, gammaUsd = 0 } = exposures[factor] ?? {};
        return sum + deltaUsd * move + 0.5 * gammaUsd * move * move;
      }, 0),
  );
  losses.sort((left, right) => right - left);
  const rank = (1 - LEVEL) * (losses.length - 1);
  const [low = 0, high = 0] = [losses[Math.floor(rank)], losses[Math.floor(rank) + 1]];
  const mass = (1 - LEVEL) * losses.length;
  const inTail = losses.slice(0, Math.round(mass)).reduce((sum, loss) => sum + loss, 0);
  return {
    valueAtRiskUsd: low + (rank - Math.floor(rank)) * (high - low),
    expectedShortfallUsd: inTail / Math.round(mass),
  };
}

/** A fast wrong tail must not win. */
function requireAgreement(expected: TailMeasures, found: readonly TailMeasures[]): void {
  for (const measures of found) {
    for (const name of ["valueAtRiskUsd", "expectedShortfallUsd"] as const) {
      if (!(Math.abs(measures[name] / expected[name] - 1) < 1e-9)) {
        throw new Error(`${name}: ${measures[name]}, not ${expected[name]}`);
      }
    }
  }
}
