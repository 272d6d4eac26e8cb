/**
 * `npm run check`: the checks of package.json side by side, each with its output in one piece when it has ended.
 * Exit code 0 only if every one passed.
 */
import { spawn } from "node:child_process";
import path from "node:path";

/** Scripts of package.json, the longest first. */
const SCRIPTS = [
  "contracts:check",
  "check:types",
  "check:style",
  "check:unused",
  "check:solidity",
] as const;

const root = path.resolve(import.meta.dirname, "..");

/** Runs a script and prints what it said; true if it passed. */
function passes(script: string): Promise<boolean> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--run", script], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const end = (isPassed: boolean): void => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`> ${script}: ${isPassed ? "passed" : "FAILED"} (${seconds} s)`);
      if (output.trim() !== "") console.log(output.trimEnd());
      resolve(isPassed);
    };
    child.once("error", (error) => {
      output += String(error);
      end(false);
    });
    child.once("close", (code) => end(code === 0));
  });
}

const passed = await Promise.all(SCRIPTS.map(passes));
const failed = SCRIPTS.filter((_, index) => !passed[index]);
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
