import type { Kernel, KernelKind } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { simdKernel } from "#shared/risk/kernel/simd-kernel.ts";
import { typedKernel } from "#shared/risk/kernel/typed-kernel.ts";

/**
 * A kernel with memory for `bytes` in all: the SIMD one where the host has it, else the typed one. They
 * give the same bits, so the choice is of speed only.
 *
 * @param kind Takes that one; without it the faster one the host has.
 * @throws {RangeError} If there is no SIMD on this host and it was asked for, or over 2 GiB are asked for.
 */
export function riskKernel(bytes: number, kind?: KernelKind): Kernel {
  if (kind === "typed") {
    return typedKernel(bytes);
  }
  const simd = simdKernel(bytes);
  if (simd === null && kind === "simd") {
    throw new RangeError("kind: simd; this host has no WebAssembly vectors");
  }
  return simd ?? typedKernel(bytes);
}

/**
 * Kernels for tables that are made, used once and dropped: the one before, with its memory emptied, while it is large
 * enough. Making one takes longer than revaluing some hundred strikes.
 */
export function reusedKernel(): (bytes: number) => Kernel {
  let kernel: Kernel | null = null;
  return (bytes) => {
    if (kernel === null || kernel.doubles.byteLength < bytes) kernel = riskKernel(bytes);
    const { arena, bytesPerDouble } = LAYOUT;
    kernel.doubles.fill(0, arena / bytesPerDouble, Math.ceil(bytes / bytesPerDouble));
    return kernel;
  };
}
