/** A square matrix as rows. */
export type Matrix = readonly (readonly number[])[];

/** Eigenvalues (descending) and unit eigenvectors: `vectors[j]` belongs to `values[j]`. */
export type EigenSystem = { readonly values: readonly number[]; readonly vectors: Matrix };

const SWEEPS_MAX = 100;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations: slow for large ones, accurate for
 * the dozens of factors of a risk engine.
 *
 * @throws {RangeError} If the matrix is not square, symmetric and finite.
 */
export function eigenSystem(matrix: Matrix): EigenSystem {
  requireSymmetric(matrix);
  const size = matrix.length;
  const work = matrix.map((row) => Float64Array.from(row));
  const basis = matrix.map((_row, i) =>
    Float64Array.from({ length: size }, (_v, j) => (i === j ? 1 : 0)),
  );
  for (let sweep = 0; sweep < SWEEPS_MAX && offDiagonal(work) > 0; sweep += 1) {
    for (let p = 0; p < size - 1; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        rotate(work, basis, p, q);
      }
    }
  }
  const order = [...work.keys()].sort((i, j) => at(work, j, j) - at(work, i, i));
  return {
    values: order.map((i) => at(work, i, i)),
    vectors: order.map((j) => basis.map((row) => row[j] ?? 0)),
  };
}

/** The matrix with the given eigenvalues on the vectors: sum of value x vector x vectorᵀ. */
export function fromEigenSystem(system: EigenSystem): number[][] {
  const size = system.vectors.length;
  return Array.from({ length: size }, (_row, i) =>
    Array.from({ length: size }, (_column, j) =>
      system.values.reduce(
        (sum, value, k) => sum + value * at(system.vectors, k, i) * at(system.vectors, k, j),
        0,
      ),
    ),
  );
}

/**
 * A factor L with L Lᵀ = matrix, of a positive semi-definite matrix: independent standard normal numbers times L have
 * that covariance. Spectral (vectors x sqrt(values)), so perfectly correlated factors are no trouble.
 *
 * @throws {RangeError} If the matrix is not symmetric, or has an eigenvalue below -1e-8 of the largest.
 */
export function squareRootFactor(matrix: Matrix): number[][] {
  const { values, vectors } = eigenSystem(matrix);
  const smallest = values.at(-1) ?? 0;
  if (smallest < -1e-8 * Math.max(values[0] ?? 0, Number.MIN_VALUE)) {
    throw new RangeError(`matrix: eigenvalue ${smallest}; must be positive semi-definite`);
  }
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  return matrix.map((_row, i) => roots.map((root, k) => root * at(vectors, k, i)));
}

/** @throws {RangeError} If the matrix is not square, symmetric and finite; the message names the entry. */
export function requireSymmetric(matrix: Matrix): void {
  matrix.forEach((row, i) => {
    if (row.length !== matrix.length) {
      throw new RangeError(`matrix[${i}]: ${row.length} entries; must have ${matrix.length}`);
    }
    row.forEach((value, j) => {
      if (
        !Number.isFinite(value) ||
        Math.abs(value - at(matrix, j, i)) > 1e-12 * Math.max(1, Math.abs(value))
      ) {
        throw new RangeError(
          `matrix[${i}][${j}]: ${value}; must be finite and equal to matrix[${j}][${i}]`,
        );
      }
    });
  });
}

function at(matrix: readonly ArrayLike<number>[], i: number, j: number): number {
  return matrix[i]?.[j] ?? 0;
}

function offDiagonal(work: readonly Float64Array[]): number {
  let largest = 0;
  let diagonal = 0;
  work.forEach((row, i) => {
    row.forEach((value, j) => {
      if (i === j) {
        diagonal = Math.max(diagonal, Math.abs(value));
      } else {
        largest = Math.max(largest, Math.abs(value));
      }
    });
  });
  return largest <= 1e-17 * diagonal ? 0 : largest;
}

/** One Jacobi rotation that clears entry (p, q), applied to the matrix and to the basis. */
function rotate(
  work: readonly Float64Array[],
  basis: readonly Float64Array[],
  p: number,
  q: number,
): void {
  const off = at(work, p, q);
  if (off === 0) {
    return;
  }
  const theta = (at(work, q, q) - at(work, p, p)) / (2 * off);
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (const row of work) {
    turn(row, p, q, { cosine, sine });
  }
  const rowP = work[p] ?? new Float64Array();
  const rowQ = work[q] ?? new Float64Array();
  rowP.forEach((value, k) => {
    const other = rowQ[k] ?? 0;
    rowP[k] = cosine * value - sine * other;
    rowQ[k] = sine * value + cosine * other;
  });
  for (const row of basis) {
    turn(row, p, q, { cosine, sine });
  }
}

function turn(
  row: Float64Array,
  p: number,
  q: number,
  by: { readonly cosine: number; readonly sine: number },
): void {
  const first = row[p] ?? 0;
  const second = row[q] ?? 0;
  row[p] = by.cosine * first - by.sine * second;
  row[q] = by.sine * first + by.cosine * second;
}
