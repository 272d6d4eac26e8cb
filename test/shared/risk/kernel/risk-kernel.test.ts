import { expect, test } from "vitest";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { reusedKernel, riskKernel } from "#shared/risk/kernel/risk-kernel.ts";

const doublesIn = (bytes: number) => bytes / LAYOUT.bytesPerDouble;

test("a kernel used again has its tables, and zeros where the last one worked", () => {
  const kernelFor = reusedKernel();
  const [large, small] = [LAYOUT.arena + 4096, LAYOUT.arena + 1024];
  const first = kernelFor(large);
  first.doubles.fill(7, doublesIn(LAYOUT.arena));
  const again = kernelFor(small);
  expect(again).toBe(first);
  const anew = riskKernel(small).doubles.subarray(0, doublesIn(small));
  expect(again.doubles.subarray(0, doublesIn(small))).toEqual(anew);
  const all = kernelFor(large).doubles.subarray(doublesIn(LAYOUT.arena), doublesIn(large));
  expect(all.every((one) => one === 0)).toBe(true);
});

test("a kernel that is too small is replaced", () => {
  const kernelFor = reusedKernel();
  const [small, large] = [LAYOUT.arena + 1024, LAYOUT.arena + 1024 * 1024];
  expect(kernelFor(small)).not.toBe(kernelFor(large));
  expect(kernelFor(large).doubles.byteLength).toBeGreaterThanOrEqual(large);
});
