import { CONSTANTS, LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import type { NormalTables } from "#shared/risk/kernel/normal-tables.ts";

/** Which arithmetic a kernel runs on; the results have the same bits. */
export type KernelKind = "simd" | "typed";

/** Places in a kernel's memory, in bytes from its start; all multiples of 16. */
export type GreeksJob = {
  /** Records of 256 bytes, see bucket-record.ts. */
  readonly buckets: number;
  readonly bucketCount: number;
  /** Columns of doubles: strike (negative for puts), ln(strike / spot), annual volatility. */
  readonly strikes: number;
  readonly logStrikes: number;
  readonly volatilities: number;
  /** First of eight columns of results and the distance between them. */
  readonly out: number;
  readonly stride: number;
};

export type RevaluationJob = {
  /** See scenario-record.ts. */
  readonly record: number;
  /** Columns of doubles: strike x discount, ln(strike / spot), volatility x sqrt(years), calls held. */
  readonly strikeLegs: number;
  readonly logStrikes: number;
  readonly totalVolatilities: number;
  readonly quantities: number;
  /** The bucket's rows within the columns. */
  readonly start: number;
  readonly end: number;
  /** Two partial sums per scenario are added to here. */
  readonly sums: number;
  /** Profit of one call per row and scenario goes here; 0 for nowhere. */
  readonly units: number;
  readonly unitStride: number;
};

export type AccumulationJob = {
  /** Row numbers (32 bits each, a multiple of 4) and quantities of the exposures. */
  readonly rows: number;
  readonly quantities: number;
  readonly count: number;
  readonly units: number;
  /** Size of a row of units, and of the vector added to. */
  readonly bytes: number;
  readonly out: number;
};

export type FactorJob = {
  /** Columns of moves, one per factor, `bytes` apart. */
  readonly moves: number;
  /** Delta twice, then half of gamma twice, per factor. */
  readonly exposures: number;
  readonly factors: number;
  readonly bytes: number;
  readonly out: number;
};

export type ReplacementJob = {
  /** Columns of whole numbers: what is held, what replaces it, and the sums over all holders. */
  readonly held: number;
  readonly fresh: number;
  readonly net: number;
  readonly gross: number;
  readonly bytes: number;
};

/** A piece of memory and the loops that run on it. Not shared between threads. */
export type Kernel = {
  readonly kind: KernelKind;
  readonly doubles: Float64Array;
  readonly integers: Int32Array;
  /** Price and Greeks; true when an option's volatility x sqrt(years) was 0 or not a number. */
  readonly greeks: (job: GreeksJob) => boolean;
  /** Profit of one bucket's calls in every scenario. */
  readonly revalue: (job: RevaluationJob) => void;
  /** Quantity-weighted sum of rows. */
  readonly accumulate: (job: AccumulationJob) => void;
  /** Delta-gamma profit of consecutive factors. */
  readonly factorPnl: (job: FactorJob) => void;
  /** Exact update of sums; false, and nothing changed, if it would not be exact. Any multiple of 8 is a place. */
  readonly replaceCells: (job: ReplacementJob) => boolean;
};

/** Writes constants and tables to a new kernel's memory. */
export function fillKernelMemory(buffer: ArrayBuffer, tables: NormalTables): void {
  const doubles = new Float64Array(buffer);
  const bits = new BigUint64Array(buffer, 0, 2 * Object.keys(CONSTANTS).length);
  Object.values(CONSTANTS).forEach((constant, index) => {
    for (const lane of [0, 1]) {
      if (typeof constant === "bigint") {
        bits[2 * index + lane] = constant;
      } else {
        doubles[2 * index + lane] = constant;
      }
    }
  });
  doubles.set(tables.exponentials, LAYOUT.exponentials / LAYOUT.bytesPerDouble);
  doubles.set(tables.mills, LAYOUT.mills / LAYOUT.bytesPerDouble);
}

/** Hands out parts of a kernel's memory: `take(bytes)` is the place of the next part, a multiple of 16. */
export function memoryPlan(): {
  readonly take: (bytes: number) => number;
  readonly end: () => number;
} {
  let next: number = LAYOUT.arena;
  return {
    take: (bytes) => {
      const place = next;
      next += Math.ceil(bytes / 16) * 16;
      return place;
    },
    end: () => next,
  };
}
