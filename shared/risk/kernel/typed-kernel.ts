import { fillKernelMemory, type Kernel } from "#shared/risk/kernel/kernel.ts";
import { normalTables } from "#shared/risk/kernel/normal-tables.ts";
import { typedGreeks } from "#shared/risk/kernel/typed-greeks.ts";
import { typedAccumulate, typedRevalue } from "#shared/risk/kernel/typed-revaluation.ts";
import { typedFactorPnl, typedReplaceCells } from "#shared/risk/kernel/typed-sums.ts";

/** A kernel on plain typed arrays with memory for `bytes` in all: slower than the SIMD kernel, with the same bits. */
export function typedKernel(bytes: number): Kernel {
  const buffer = new ArrayBuffer(Math.ceil(bytes / 16) * 16);
  fillKernelMemory(buffer, normalTables());
  const doubles = new Float64Array(buffer);
  const integers = new Int32Array(buffer);
  return {
    kind: "typed",
    doubles,
    integers,
    greeks: (job) => typedGreeks(doubles, integers, job),
    revalue: (job) => typedRevalue(doubles, integers, job),
    accumulate: (job) => typedAccumulate(doubles, integers, job),
    factorPnl: (job) => typedFactorPnl(doubles, job),
    replaceCells: (job) => typedReplaceCells(doubles, job),
  };
}
