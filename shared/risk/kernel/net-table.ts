import { type KernelKind, memoryPlan } from "#shared/risk/kernel/kernel.ts";
import { CONSTANTS, LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { riskKernel } from "#shared/risk/kernel/risk-kernel.ts";

/** Shape of a dense table of quantised Greeks. */
export type NetTableShape = {
  readonly shards: number;
  /** Buckets (underlying x expiry) x Greeks: whole numbers per shard. */
  readonly cellsPerShard: number;
};

/**
 * Quantised Greeks of many shards and their net, kept up to date one report at a time: the dense, typed
 * form of net-book.ts for large, fixed sets of shards and buckets.
 */
export type NetTable = {
  readonly kind: KernelKind;
  /** Net per cell, in quanta. A view: do not write. */
  readonly net: Float64Array;
  /** Memory of the table in bytes: 8 per cell of each shard, 24 per cell of the net, and the kernel's 128 KiB. */
  readonly bytes: number;
  /** One shard's cells as last replaced. A view: do not write. */
  readonly shardCells: (shard: number) => Float64Array;
  /**
   * Replaces the cells of one shard from `firstCell` on; the others stay.
   *
   * @throws {RangeError} If a cell is no whole number, or the magnitudes summed over the shards would reach
   * 2^53; the table is then as it was.
   */
  readonly replace: (shard: number, quanta: Float64Array, firstCell?: number) => void;
  /**
   * Sums everything again, into new arrays: what `net` must be, bit for bit.
   */
  readonly recompute: () => Float64Array;
};

/**
 * An empty table. All cells are whole numbers and all sums stay below 2^53, so they are exact: updates in
 * any order leave the bits that summing everything again gives.
 *
 * @throws {RangeError} If a count is not a whole number above zero, or the table needs over 2 GiB.
 */
export function netTable(shape: NetTableShape, kind?: KernelKind): NetTable {
  for (const [name, count] of Object.entries(shape)) {
    if (!Number.isInteger(count) || count <= 0) {
      throw new RangeError(`${name}: ${count}; must be a whole number > 0`);
    }
  }
  const { shards, cellsPerShard } = shape;
  const bytesPerShard = cellsPerShard * LAYOUT.bytesPerDouble;
  const plan = memoryPlan();
  const places = {
    net: plan.take(bytesPerShard),
    gross: plan.take(bytesPerShard),
    fresh: plan.take(bytesPerShard),
    held: plan.take(shards * bytesPerShard),
  };
  const kernel = riskKernel(plan.end(), kind);
  const view = (place: number, cells: number) =>
    kernel.doubles.subarray(place / LAYOUT.bytesPerDouble, place / LAYOUT.bytesPerDouble + cells);
  const shardCells = (shard: number): Float64Array => {
    if (!Number.isInteger(shard) || shard < 0 || shard >= shards) {
      throw new RangeError(`shard: ${shard}; must be a whole number below ${shards}`);
    }
    return view(places.held + shard * bytesPerShard, cellsPerShard);
  };
  const fresh = view(places.fresh, cellsPerShard);
  const gross = view(places.gross, cellsPerShard);
  const replace: NetTable["replace"] = (shard, quanta, firstCell = 0) => {
    if (!(firstCell >= 0) || firstCell + quanta.length > cellsPerShard) {
      throw new RangeError(
        `quanta: ${quanta.length} from cell ${firstCell}; must fit ${cellsPerShard} cells`,
      );
    }
    const held = shardCells(shard);
    const skipped = firstCell * LAYOUT.bytesPerDouble;
    fresh.set(quanta);
    const isExact = kernel.replaceCells({
      held: places.held + shard * bytesPerShard + skipped,
      fresh: places.fresh,
      net: places.net + skipped,
      gross: places.gross + skipped,
      bytes: quanta.length * LAYOUT.bytesPerDouble,
    });
    if (!isExact) {
      refuse(held.subarray(firstCell), quanta, gross.subarray(firstCell));
    }
  };
  return {
    kind: kernel.kind,
    net: view(places.net, cellsPerShard),
    bytes: plan.end(),
    shardCells,
    replace,
    recompute: () => summed(view(places.held, shards * cellsPerShard), cellsPerShard),
  };
}

function refuse(held: Float64Array, quanta: Float64Array, gross: Float64Array): never {
  const broken = quanta.findIndex((fresh) => !Number.isInteger(fresh));
  if (broken >= 0) {
    throw new RangeError(`quanta[${broken}]: ${quanta[broken]}; must be a whole number`);
  }
  const over = quanta.findIndex((fresh, cell) => {
    const rest = (gross[cell] ?? 0) - Math.abs(held[cell] ?? 0);
    return Math.abs(fresh) >= CONSTANTS.exactMax - rest;
  });
  throw new RangeError(`quanta[${over}]: ${quanta[over]}; magnitudes would reach 2^53 in sum`);
}

function summed(cells: Float64Array, cellsPerShard: number): Float64Array {
  const net = new Float64Array(cellsPerShard);
  for (let first = 0; first < cells.length; first += cellsPerShard) {
    for (let cell = 0; cell < cellsPerShard; cell += 1) {
      net[cell] = (net[cell] ?? 0) + (cells[first + cell] ?? 0);
    }
  }
  return net;
}
