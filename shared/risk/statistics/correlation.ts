import {
  eigenSystem,
  fromEigenSystem,
  type Matrix,
  requireSymmetric,
} from "#shared/risk/statistics/symmetric-matrix.ts";

const PROJECTIONS_MAX = 200;

/** True when no eigenvalue is below -1e-12. */
export function isPositiveSemidefinite(matrix: Matrix): boolean {
  return Math.min(...eigenSystem(matrix).values) >= -1e-12;
}

/**
 * Spectral repair of a correlation matrix: negative eigenvalues become 0 and the diagonal is scaled back to 1. A valid
 * matrix is returned as it is.
 *
 * @throws {RangeError} If the matrix is not symmetric with a unit diagonal.
 * @see Rebonato and Jäckel, "The most general methodology to create a valid correlation matrix" (1999).
 */
export function repairedCorrelation(matrix: Matrix): Matrix {
  requireCorrelation(matrix);
  const system = eigenSystem(matrix);
  if (Math.min(...system.values) >= 0) {
    return matrix;
  }
  return withUnitDiagonal(fromEigenSystem(clipped(system)));
}

/**
 * Nearest correlation matrix in the Frobenius norm, by alternating projections with Dykstra's correction.
 *
 * @throws {RangeError} If the matrix is not symmetric with a unit diagonal.
 * @see Higham, "Computing the nearest correlation matrix", IMA J. Numerical Analysis 22 (2002).
 */
export function nearestCorrelation(matrix: Matrix): Matrix {
  requireCorrelation(matrix);
  let current = matrix.map((row) => [...row]);
  let correction = matrix.map((row) => row.map(() => 0));
  for (let step = 0; step < PROJECTIONS_MAX; step += 1) {
    const shifted = current.map((row, i) =>
      row.map((value, j) => value - (correction[i]?.[j] ?? 0)),
    );
    const projected = fromEigenSystem(clipped(eigenSystem(symmetrised(shifted))));
    correction = projected.map((row, i) => row.map((value, j) => value - (shifted[i]?.[j] ?? 0)));
    const next = projected.map((row, i) => row.map((value, j) => (i === j ? 1 : value)));
    const change = Math.max(
      ...next.flatMap((row, i) => row.map((value, j) => Math.abs(value - (current[i]?.[j] ?? 0)))),
    );
    current = next;
    if (change < 1e-14) {
      break;
    }
  }
  return repairedCorrelation(symmetrised(current));
}

/**
 * A stressed correlation matrix on the way to a breakdown: (1 - severity) C + severity x target. Towards `one` every
 * pair moves together (what diversified now sinks together); towards `zero` hedges across underlyings stop working;
 * `flip` turns each pair's sign. Positive semi-definite when C is, except for `flip`, which is repaired.
 *
 * @param severity In [0, 1].
 * @throws {RangeError} If the severity is out of range or the matrix is no correlation matrix.
 */
export function brokenCorrelation(
  matrix: Matrix,
  target: "one" | "zero" | "flip",
  severity: number,
): Matrix {
  requireCorrelation(matrix);
  if (!(severity >= 0 && severity <= 1)) {
    throw new RangeError(`severity: ${severity}; must be within [0, 1]`);
  }
  const towards = (value: number) => (target === "one" ? 1 : target === "zero" ? 0 : -value);
  const stressed = matrix.map((row, i) =>
    row.map((value, j) => (i === j ? 1 : (1 - severity) * value + severity * towards(value))),
  );
  return repairedCorrelation(stressed);
}

/** @throws {RangeError} If the matrix is not symmetric with a unit diagonal and entries within [-1, 1]. */
export function requireCorrelation(matrix: Matrix): void {
  requireSymmetric(matrix);
  matrix.forEach((row, i) => {
    row.forEach((value, j) => {
      if (Math.abs(value) > 1 + 1e-12 || (i === j && Math.abs(value - 1) > 1e-12)) {
        throw new RangeError(
          `correlation[${i}][${j}]: ${value}; must be within [-1, 1], and 1 on the diagonal`,
        );
      }
    });
  });
}

function clipped(system: ReturnType<typeof eigenSystem>): ReturnType<typeof eigenSystem> {
  return { ...system, values: system.values.map((value) => Math.max(0, value)) };
}

function withUnitDiagonal(matrix: Matrix): number[][] {
  const scale = matrix.map((row, i) => 1 / Math.sqrt(row[i] ?? 1));
  const scaled = (value: number, i: number, j: number) => value * (scale[i] ?? 1) * (scale[j] ?? 1);
  return matrix.map((row, i) =>
    row.map((value, j) => (i === j ? 1 : Math.min(1, Math.max(-1, scaled(value, i, j))))),
  );
}

function symmetrised(matrix: Matrix): number[][] {
  return matrix.map((row, i) => row.map((value, j) => 0.5 * (value + (matrix[j]?.[i] ?? 0))));
}
