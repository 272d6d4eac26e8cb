import type { BucketMarket } from "#shared/risk/kernel/bucket-record.ts";
import type { Kernel, KernelKind } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { riskKernel } from "#shared/risk/kernel/risk-kernel.ts";
import { type GridMove, writeScenarioRecord } from "#shared/risk/kernel/scenario-record.ts";
import {
  EXPOSURES_MAX,
  moveBucket,
  type StrikeBucket,
  type StrikeLayout,
  strikeLayout,
} from "#shared/risk/kernel/strike-layout.ts";

/**
 * Options held, by column: the strike's index (counted through all buckets), 1 for a put, the signed
 * quantity; and where each holder's part starts.
 */
export type HeldOptions = {
  readonly strikes: Uint32Array;
  readonly puts: Uint8Array;
  readonly quantities: Float64Array;
};

/**
 * Profit and loss of options over a grid, by full revaluation of each distinct strike once: positions are
 * netted by strike first, and puts folded into calls by parity (a put is a call less the forward leg plus
 * the strike leg, and of these only the forward leg moves).
 */
export type StrikeTable = {
  readonly kind: KernelKind;
  /**
   * Moves one bucket's market and volatilities (one per strike); strikes stay.
   *
   * @throws {RangeError} If one is out of its domain or the number of volatilities is not that of strikes.
   */
  readonly setMarket: (
    bucket: number,
    market: BucketMarket,
    volatilities: readonly number[],
  ) => void;
  /** Prices computed by one `netPnlUsd`: distinct strikes, padded to even per bucket, x (scenarios + 1). */
  readonly pricings: number;
  /**
   * P&L in USD per scenario, in the grid's order, of the netted options; no weights applied, sticky strike.
   *
   * @throws {RangeError} If a strike index is out of range or a quantity not finite.
   */
  readonly netPnlUsd: (held: HeldOptions) => Float64Array;
  /**
   * The same per holder, from one revaluation of every strike: holder h has the positions from
   * `firstPositions[h]` to the next holder's first. One row of `scenarios` numbers per holder.
   *
   * @throws {RangeError} As netPnlUsd.
   */
  readonly holderPnlUsd: (held: HeldOptions, firstPositions: readonly number[]) => Float64Array[];
};

/**
 * Lays out strikes by bucket for one market and grid.
 *
 * @param on Which kernel, the faster one when left out; or what makes one with memory for so many bytes.
 * @throws {RangeError} If a market, strike, volatility or move is out of its domain, or it needs over 2 GiB.
 */
export function strikeTable(
  buckets: readonly StrikeBucket[],
  moves: readonly GridMove[],
  on?: KernelKind | ((bytes: number) => Kernel),
): StrikeTable {
  const kernelFor = typeof on === "function" ? on : (bytes: number) => riskKernel(bytes, on);
  const layout = strikeLayout(buckets, moves, kernelFor);
  const { kernel, rowCount } = layout;
  return {
    kind: kernel.kind,
    pricings: rowCount * (moves.length + 1),
    setMarket: (bucket, market, volatilities) => {
      moveBucket(layout, bucket, { market, volatilities });
    },
    netPnlUsd: (held) => netPnl(layout, held),
    holderPnlUsd: (held, firstPositions) => holderPnl(layout, held, firstPositions),
  };
}

function netPnl(layout: StrikeLayout, held: HeldOptions): Float64Array {
  const forwards = netQuantities(layout, held);
  const { kernel, places, moves, grid } = layout;
  const sums = places.sums / LAYOUT.bytesPerDouble;
  kernel.doubles.fill(0, sums, sums + 2 * moves.length);
  revalueAll(layout, 0);
  const pnlUsd = new Float64Array(moves.length);
  grid.order.forEach((scenario, position) => {
    const at = sums + 2 * position;
    pnlUsd[scenario] = (kernel.doubles[at] ?? 0) + (kernel.doubles[at + 1] ?? 0);
  });
  layout.forwards.forEach(({ forward }, bucket) => {
    const exposureUsd = (forwards[bucket] ?? 0) * forward.forwardLegUsd;
    moves.forEach(({ spotShock }, scenario) => {
      pnlUsd[scenario] = (pnlUsd[scenario] ?? 0) + exposureUsd * spotShock;
    });
  });
  return pnlUsd;
}

/** Writes calls held per row, with puts as calls, and returns the forwards held per bucket. */
function netQuantities(layout: StrikeLayout, held: HeldOptions): Float64Array {
  const start = layout.places.quantities / LAYOUT.bytesPerDouble;
  const sums = layout.kernel.doubles.subarray(start, start + layout.rowCount).fill(0);
  const forwards = new Float64Array(layout.buckets.length);
  const { strikes, puts, quantities } = held;
  const { rowOf, bucketOf } = layout;
  requireColumns(held);
  for (let index = 0; index < strikes.length; index += 1) {
    const strike = strikes[index] ?? 0;
    const row = rowOf[strike] ?? refuseStrike(layout, index, strike);
    const quantity = quantities[index] ?? 0;
    sums[row] = (sums[row] ?? 0) + quantity;
    if (puts[index] === 1) {
      const bucket = bucketOf[strike] ?? 0;
      forwards[bucket] = (forwards[bucket] ?? 0) - quantity;
    }
  }
  if (!sums.every(Number.isFinite)) {
    refuseQuantity(held);
  }
  return forwards;
}

function holderPnl(
  layout: StrikeLayout,
  held: HeldOptions,
  firstPositions: readonly number[],
): Float64Array[] {
  requireColumns(held);
  const { kernel, places, moves, grid } = layout;
  revalueAll(layout, places.units);
  const forwardUnits = places.units + layout.rowCount * layout.vectorBytes;
  writeForwardUnits(layout, forwardUnits / LAYOUT.bytesPerDouble);
  const exposures = exposureBatch(layout);
  const vector = places.vector / LAYOUT.bytesPerDouble;
  return firstPositions.map((first, holder) => {
    kernel.doubles.fill(0, vector, vector + layout.vectorBytes / LAYOUT.bytesPerDouble);
    const end = firstPositions[holder + 1] ?? held.strikes.length;
    for (let index = first; index < end; index += 1) {
      addPosition(layout, held, exposures, index);
    }
    exposures.finish();
    const pnlUsd = new Float64Array(moves.length);
    grid.order.forEach((scenario, position) => {
      pnlUsd[scenario] = kernel.doubles[vector + position] ?? 0;
    });
    if (!pnlUsd.every(Number.isFinite)) {
      refuseQuantity(held);
    }
    return pnlUsd;
  });
}

function addPosition(
  layout: StrikeLayout,
  held: HeldOptions,
  exposures: ExposureBatch,
  index: number,
): void {
  const strike = held.strikes[index] ?? 0;
  const row = layout.rowOf[strike] ?? refuseStrike(layout, index, strike);
  const quantity = held.quantities[index] ?? 0;
  exposures.add(row, quantity);
  if (held.puts[index] === 1) {
    exposures.addForward(layout.bucketOf[strike] ?? 0, -quantity);
  }
}

type ExposureBatch = {
  readonly add: (row: number, quantity: number) => void;
  readonly addForward: (bucket: number, quantity: number) => void;
  /** Hands over what is left, forwards last. */
  readonly finish: () => void;
};

/** Collects exposures and adds them to the holder's vector; forwards are netted per bucket first. */
function exposureBatch(layout: StrikeLayout): ExposureBatch {
  const { kernel, places, vectorBytes } = layout;
  const forwards = new Float64Array(layout.buckets.length);
  const touched = new Set<number>();
  const job = { ...places, rows: places.exposedRows, quantities: places.exposedQuantities };
  let count = 0;
  const flush = () => {
    kernel.accumulate({ ...job, count, bytes: vectorBytes, out: places.vector });
    count = 0;
  };
  const add = (row: number, quantity: number) => {
    kernel.integers[places.exposedRows / 4 + count] = row;
    kernel.doubles[places.exposedQuantities / LAYOUT.bytesPerDouble + count] = quantity;
    count += 1;
    if (count === EXPOSURES_MAX) {
      flush();
    }
  };
  return {
    add,
    addForward: (bucket, quantity) => {
      forwards[bucket] = (forwards[bucket] ?? 0) + quantity;
      touched.add(bucket);
    },
    finish: () => {
      for (const bucket of touched) {
        add(layout.rowCount + bucket, forwards[bucket] ?? 0);
        forwards[bucket] = 0;
      }
      touched.clear();
      flush();
    },
  };
}

/** Profit of one unit of each bucket's forward leg, in rows after the strikes'. */
function writeForwardUnits(layout: StrikeLayout, start: number): void {
  const width = layout.vectorBytes / LAYOUT.bytesPerDouble;
  layout.forwards.forEach(({ forward }, bucket) => {
    layout.grid.order.forEach((scenario, position) => {
      const shock = layout.moves[scenario]?.spotShock ?? 0;
      layout.kernel.doubles[start + bucket * width + position] = forward.forwardLegUsd * shock;
    });
  });
}

function requireColumns({ strikes, puts, quantities }: HeldOptions): void {
  if (puts.length !== strikes.length || quantities.length !== strikes.length) {
    throw new RangeError(
      `held: ${strikes.length} strikes, ${puts.length} puts, ${quantities.length} quantities; must be as many`,
    );
  }
}

function refuseStrike(layout: StrikeLayout, index: number, strike: number): never {
  throw new RangeError(`strikes[${index}]: ${strike}; must be below ${layout.rowOf.length}`);
}

/** Sums are checked, not each position: a bad quantity makes its sum bad. */
function refuseQuantity({ quantities }: HeldOptions): never {
  const bad = quantities.findIndex((quantity) => !Number.isFinite(quantity));
  throw new RangeError(`quantities[${bad}]: ${quantities[bad]}; must be finite`);
}

/** @param units Where each row's profit per scenario goes; 0 for nowhere. */
function revalueAll(layout: StrikeLayout, units: number): void {
  const { kernel, places, grid, firstRows, vectorBytes } = layout;
  layout.forwards.forEach((forward, bucket) => {
    const first = firstRows[bucket] ?? 0;
    const end = firstRows[bucket + 1] ?? first;
    writeScenarioRecord(kernel, places.record, grid, forward);
    kernel.revalue({
      ...places,
      start: first * LAYOUT.bytesPerDouble,
      end: end * LAYOUT.bytesPerDouble,
      units: units === 0 ? 0 : units + first * vectorBytes,
      unitStride: vectorBytes,
    });
  });
}
