/**
 * Compiles tools/risk-kernel/kernel.ts to shared/risk/kernel/simd-module.ts (WebAssembly in base64), or
 * with `--check` exits 1 when the committed module differs from what the source gives.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const target = path.join(root, "shared/risk/kernel/simd-module.ts");
const LINE_CHARACTERS = 92;

/** Text of the module that holds the compiled source. @throws {Error} If the source does not compile. */
function moduleText(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "risk-kernel-"));
  try {
    const wasm = path.join(folder, "kernel.wasm");
    const compiler = path.join(root, "node_modules/assemblyscript/bin/asc.js");
    const features = ["-O3", "--noAssert", "--enable", "simd", "--disable", "bulk-memory"];
    const memory = ["--runtime", "stub", "--importMemory", "--initialMemory", "2"];
    const source = path.join(root, "tools/risk-kernel/kernel.ts");
    const paths = ["--baseDir", root, path.relative(root, source), "-o", wasm];
    execFileSync(process.execPath, [compiler, ...paths, ...features, ...memory], { cwd: root });
    const base64 = readFileSync(wasm).toString("base64");
    const lines = base64.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, "g")) ?? [];
    return [
      "/** WebAssembly of tools/risk-kernel/kernel.ts in base64. Written by tools/build-risk-kernel.ts; do not edit. */",
      "export const SIMD_MODULE_BASE64 = [",
      ...lines.map((line) => `  "${line}",`),
      '].join("");',
      "",
    ].join("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const text = moduleText();
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    process.stderr.write("shared/risk/kernel/simd-module.ts is out of date: npm run kernel\n");
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
}
