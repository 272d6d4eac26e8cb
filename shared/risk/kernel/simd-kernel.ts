import { fillKernelMemory, type Kernel } from "#shared/risk/kernel/kernel.ts";
import { normalTables } from "#shared/risk/kernel/normal-tables.ts";
import { SIMD_MODULE_BASE64 } from "#shared/risk/kernel/simd-module.ts";

type Loop = (...places: number[]) => number;
type Exports = {
  readonly greeks: Loop;
  readonly revalue: Loop;
  readonly accumulate: Loop;
  readonly factorPnl: Loop;
  readonly replaceCells: Loop;
};
type Memory = { readonly buffer: ArrayBuffer };
type Module = object;

/** The part of the WebAssembly API that is used: the language library without the browser's has no types of it. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => Module;
  readonly Instance: new (module: Module, imports: object) => { readonly exports: Exports };
  readonly validate: (bytes: Uint8Array) => boolean;
};

const PAGE_BYTES = 65_536;
/** Largest memory of a kernel: 2 GiB, so that places fit signed 32-bit numbers. */
const BYTES_MAX = 2 ** 31;

let compiled: Module | null | undefined;

/**
 * A kernel on WebAssembly's 128-bit vectors, with memory for `bytes` in all, or null where the host has none.
 *
 * @throws {RangeError} If that is more than 2 GiB.
 */
export function simdKernel(bytes: number): Kernel | null {
  if (compiled === undefined) {
    compiled = compile();
  }
  if (compiled === null) {
    return null;
  }
  if (!(bytes <= BYTES_MAX)) {
    throw new RangeError(`bytes: ${bytes}; must be <= ${BYTES_MAX}`);
  }
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  fillKernelMemory(memory.buffer, normalTables());
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return loops(memory.buffer, exports);
}

/** @returns null if the host does not know vectors. */
function compile(): Module | null {
  const bytes = Uint8Array.from(atob(SIMD_MODULE_BASE64), (character) => character.charCodeAt(0));
  return typeof WebAssembly === "object" && WebAssembly.validate(bytes)
    ? new WebAssembly.Module(bytes)
    : null;
}

function loops(buffer: ArrayBuffer, run: Exports): Kernel {
  return {
    kind: "simd",
    doubles: new Float64Array(buffer),
    integers: new Int32Array(buffer),
    greeks: (job) => {
      const columns = [job.strikes, job.logStrikes, job.volatilities] as const;
      return run.greeks(job.buckets, job.bucketCount, ...columns, job.out, job.stride) !== 0;
    },
    revalue: (job) => {
      const columns = [job.strikeLegs, job.logStrikes, job.totalVolatilities] as const;
      const rows = [job.quantities, job.start, job.end] as const;
      run.revalue(job.record, ...columns, ...rows, job.sums, job.units, job.unitStride);
    },
    accumulate: (job) => {
      run.accumulate(job.rows, job.quantities, job.count, job.units, job.bytes, job.out);
    },
    factorPnl: (job) => {
      run.factorPnl(job.moves, job.exposures, job.factors, job.bytes, job.out);
    },
    replaceCells: (job) => {
      return run.replaceCells(job.held, job.fresh, job.net, job.gross, job.bytes) === 0;
    },
  };
}
