import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const NODE_MAJOR_MIN = 24;

/**
 * Runs a TypeScript entry file of this repository with the arguments of the current process: in this
 * process on Node 24 or later, else with the Node that the `node` package brings along.
 *
 * @param {string} entry Path from the repository's root.
 */
export async function launch(entry) {
  const file = path.resolve(
    import.meta.dirname ?? new URL(".", import.meta.url).pathname,
    "../../..",
    entry,
  );
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
    process.argv[1] = file;
    await import(file);
    return;
  }
  const node = path.join(
    path.dirname(createRequire(import.meta.url).resolve("node/package.json")),
    "bin/node",
  );
  const child = spawn(node, [file, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}
