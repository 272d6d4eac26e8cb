import { spawn } from "node:child_process";
import module, { createRequire } from "node:module";
import path from "node:path";

const NODE_MAJOR_MIN = 24;

/**
 * Where Node keeps what it compiled, so that the next start need not: beside the code, as well protected as the code
 * itself. Where nothing may be written there, as in a read-only install, every start compiles. An operator's own
 * NODE_COMPILE_CACHE or NODE_DISABLE_COMPILE_CACHE counts for more.
 */
const COMPILE_CACHE = "node_modules/.cache/riskshard/compiled";

/**
 * Runs a TypeScript entry file of this repository with the arguments of the current process: in this
 * process on Node 24 or later, else with the Node that the `node` package brings along.
 *
 * @param {string} entry Path from the repository's root.
 */
export async function launch(entry) {
  const root = path.resolve(
    import.meta.dirname ?? new URL(".", import.meta.url).pathname,
    "../../..",
  );
  const file = path.resolve(root, entry);
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
    process.argv[1] = file;
    module.enableCompileCache(path.join(root, COMPILE_CACHE));
    await import(file);
    // A process that is killed writes nothing at its end.
    module.flushCompileCache();
    return;
  }
  const node = path.join(
    path.dirname(createRequire(import.meta.url).resolve("node/package.json")),
    "bin/node",
  );
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}
