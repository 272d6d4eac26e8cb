import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { simdKernel } from "#shared/risk/kernel/simd-kernel.ts";
import { SIMD_MODULE_BASE64 } from "#shared/risk/kernel/simd-module.ts";

test("the committed WebAssembly is what its source compiles to", () => {
  expect(() =>
    execFileSync(process.execPath, ["tools/build-risk-kernel.ts", "--check"], { stdio: "pipe" }),
  ).not.toThrow();
}, 60_000);

test("it has no relaxed SIMD, whose bits depend on the host", () => {
  const bytes = Buffer.from(SIMD_MODULE_BASE64, "base64");
  // Vector instructions are 0xfd and a number in base-128; relaxed ones start at 0x100, so 0x80 0x02.
  const relaxed = [...bytes.keys()].filter(
    (at) => bytes[at] === 0xfd && (bytes[at + 1] ?? 0) >= 0x80 && (bytes[at + 2] ?? 0) >= 0x02,
  );
  expect(relaxed).toEqual([]);
});

test("a kernel larger than two gibibytes is refused", () => {
  expect(() => simdKernel(2 ** 31 + 1)).toThrow("bytes: 2147483649; must be <= 2147483648");
});
