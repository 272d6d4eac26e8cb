/**
 * `node tools/forge.ts test`: runs this platform's forge in the repository's root and ends with its exit code.
 * The package's own launcher ends with 0 even when forge fails, which would make every check pass.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const architecture = process.arch === "x64" ? "amd64" : process.arch;
const extension = process.platform === "win32" ? ".exe" : "";
const binary = `@foundry-rs/forge-${process.platform}-${architecture}/bin/forge${extension}`;
const { status, error } = spawnSync(
  createRequire(import.meta.url).resolve(binary),
  process.argv.slice(2),
  {
    cwd: root,
    stdio: "inherit",
    // The compiler is a script: it must find the Node that runs this.
    env: {
      ...process.env,
      PATH: [path.dirname(process.execPath), process.env["PATH"] ?? ""].join(path.delimiter),
    },
  },
);
if (error !== undefined) process.stderr.write(`${error.message}\n`);
process.exitCode = status ?? 1;
