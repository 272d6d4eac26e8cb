import type { FactorJob, ReplacementJob } from "#shared/risk/kernel/kernel.ts";
import { CONSTANTS, LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";

/** Scenarios handled at a time: their P&L stays in the nearest cache. */
const BLOCK = 1024;

/**
 * Delta-gamma profit of consecutive factors on plain typed arrays. Four factors at a time: a scenario's terms
 * are added in the order of the factors, so the bits are those of the SIMD kernel.
 */
export function typedFactorPnl(doubles: Float64Array, job: FactorJob): void {
  const scenarios = job.bytes / LAYOUT.bytesPerDouble;
  const out = job.out / LAYOUT.bytesPerDouble;
  for (let block = 0; block < scenarios; block += BLOCK) {
    const end = Math.min(scenarios, block + BLOCK);
    const sums = doubles.subarray(out + block, out + end);
    let factor = 0;
    for (; factor + 4 <= job.factors; factor += 4) {
      const [first, second] = [factorAt(doubles, job, factor), factorAt(doubles, job, factor + 1)];
      const [third, fourth] = [
        factorAt(doubles, job, factor + 2),
        factorAt(doubles, job, factor + 3),
      ];
      addFour(sums, doubles, [first, second, third, fourth], block);
    }
    for (; factor < job.factors; factor += 1) {
      addOne(sums, doubles, factorAt(doubles, job, factor), block);
    }
  }
}

type Factor = { readonly column: number; readonly delta: number; readonly halfGamma: number };

function factorAt(doubles: Float64Array, job: FactorJob, factor: number): Factor {
  const exposure = job.exposures / LAYOUT.bytesPerDouble + 4 * factor;
  return {
    column: (job.moves + factor * job.bytes) / LAYOUT.bytesPerDouble,
    delta: doubles[exposure] ?? 0,
    halfGamma: doubles[exposure + 2] ?? 0,
  };
}

function addFour(
  sums: Float64Array,
  moves: Float64Array,
  factors: readonly [Factor, Factor, Factor, Factor],
  block: number,
): void {
  const [first, second, third, fourth] = factors;
  const columns = [first, second, third, fourth].map(({ column }) =>
    moves.subarray(column + block, column + block + sums.length),
  );
  const [x1 = sums, x2 = sums, x3 = sums, x4 = sums] = columns;
  const { delta: d1, halfGamma: g1 } = first;
  const { delta: d2, halfGamma: g2 } = second;
  const { delta: d3, halfGamma: g3 } = third;
  const { delta: d4, halfGamma: g4 } = fourth;
  for (let index = 0; index < sums.length; index += 1) {
    const a = x1[index] ?? 0;
    const b = x2[index] ?? 0;
    const c = x3[index] ?? 0;
    const d = x4[index] ?? 0;
    const early = (sums[index] ?? 0) + a * (d1 + g1 * a) + b * (d2 + g2 * b);
    sums[index] = early + c * (d3 + g3 * c) + d * (d4 + g4 * d);
  }
}

function addOne(sums: Float64Array, moves: Float64Array, factor: Factor, block: number): void {
  const { column, delta, halfGamma } = factor;
  const column0 = column + block;
  for (let index = 0; index < sums.length; index += 1) {
    const move = moves[column0 + index] ?? 0;
    sums[index] = (sums[index] ?? 0) + move * (delta + halfGamma * move);
  }
}

/** Exact update of sums of whole numbers, as the SIMD kernel's. */
export function typedReplaceCells(doubles: Float64Array, job: ReplacementJob): boolean {
  const column = (place: number) =>
    doubles.subarray(place / LAYOUT.bytesPerDouble, (place + job.bytes) / LAYOUT.bytesPerDouble);
  const [held, fresh, net, gross] = [
    column(job.held),
    column(job.fresh),
    column(job.net),
    column(job.gross),
  ];
  for (let cell = 0; cell < fresh.length; cell += 1) {
    const count = fresh[cell] ?? 0;
    const rest = (gross[cell] ?? 0) - Math.abs(held[cell] ?? 0);
    if (Math.abs(count) >= CONSTANTS.exactMax - rest || Math.floor(count) !== count) {
      return false;
    }
  }
  for (let cell = 0; cell < fresh.length; cell += 1) {
    // Adding 0 turns a negative zero into the zero that summing gives.
    const count = (fresh[cell] ?? 0) + 0;
    const gone = held[cell] ?? 0;
    net[cell] = (net[cell] ?? 0) + (count - gone);
    gross[cell] = (gross[cell] ?? 0) + (Math.abs(count) - Math.abs(gone));
    held[cell] = count;
  }
  return true;
}
