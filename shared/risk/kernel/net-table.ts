/** Integers up to which sums of doubles are exact. */
const EXACT_MAX = 2 ** 53;

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
  /** Net per cell, in quanta. A view: do not write. */
  readonly net: Float64Array;
  /** Memory of the table in bytes. */
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
 * @throws {RangeError} If a count is not a whole number above zero.
 */
export function netTable(shape: NetTableShape): NetTable {
  for (const [name, count] of Object.entries(shape)) {
    if (!Number.isInteger(count) || count <= 0) {
      throw new RangeError(`${name}: ${count}; must be a whole number > 0`);
    }
  }
  const { shards, cellsPerShard } = shape;
  const cells = new Float64Array(shards * cellsPerShard);
  const net = new Float64Array(cellsPerShard);
  const gross = new Float64Array(cellsPerShard);
  const shardCells = (shard: number): Float64Array => {
    if (!Number.isInteger(shard) || shard < 0 || shard >= shards) {
      throw new RangeError(`shard: ${shard}; must be a whole number below ${shards}`);
    }
    return cells.subarray(shard * cellsPerShard, (shard + 1) * cellsPerShard);
  };
  return {
    net,
    bytes: cells.byteLength + net.byteLength + gross.byteLength,
    shardCells,
    replace: (shard, quanta, firstCell = 0) => {
      if (!(firstCell >= 0) || firstCell + quanta.length > cellsPerShard) {
        throw new RangeError(
          `quanta: ${quanta.length} from cell ${firstCell}; must fit ${cellsPerShard} cells`,
        );
      }
      const end = firstCell + quanta.length;
      const sums = { net: net.subarray(firstCell, end), gross: gross.subarray(firstCell, end) };
      replaceCells(shardCells(shard).subarray(firstCell, end), quanta, sums);
    },
    recompute: () => summed(cells, cellsPerShard),
  };
}

type Sums = { readonly net: Float64Array; readonly gross: Float64Array };

function replaceCells(held: Float64Array, quanta: Float64Array, { net, gross }: Sums): void {
  let isExact = true;
  for (let cell = 0; cell < quanta.length; cell += 1) {
    const fresh = quanta[cell] ?? 0;
    const rest = (gross[cell] ?? 0) - Math.abs(held[cell] ?? 0);
    isExact = isExact && Math.abs(fresh) < EXACT_MAX - rest && Math.floor(fresh) === fresh;
  }
  if (!isExact) {
    refuse(held, quanta, gross);
  }
  for (let cell = 0; cell < quanta.length; cell += 1) {
    // Adding 0 turns a negative zero into the zero that summing gives.
    const fresh = (quanta[cell] ?? 0) + 0;
    const gone = held[cell] ?? 0;
    net[cell] = (net[cell] ?? 0) + (fresh - gone);
    gross[cell] = (gross[cell] ?? 0) + (Math.abs(fresh) - Math.abs(gone));
    held[cell] = fresh;
  }
}

function refuse(held: Float64Array, quanta: Float64Array, gross: Float64Array): never {
  const broken = quanta.findIndex((fresh) => !Number.isInteger(fresh));
  if (broken >= 0) {
    throw new RangeError(`quanta[${broken}]: ${quanta[broken]}; must be a whole number`);
  }
  const over = quanta.findIndex((fresh, cell) => {
    return !(Math.abs(fresh) < EXACT_MAX - ((gross[cell] ?? 0) - Math.abs(held[cell] ?? 0)));
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
