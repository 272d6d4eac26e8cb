import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

/** What `npm start` says in a folder in which a world runs: this process. */
async function startBeside(args: readonly string[], env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "lock"), `${process.pid}\n`);
  const running = runProcess("test/local/main.ts", ["--dir", folder, ...args], { env });
  return { exitCode: await running.exitCode, output: running.output() };
}

test("a folder in which a world runs is refused", async () => {
  const { exitCode, output } = await startBeside([]);
  expect(output).toMatch(/^a world already runs in .*\[world-locked\]\n$/);
  expect(exitCode).toBe(1);
});

test("a wrong price history is told of first", async () => {
  const { exitCode, output } = await startBeside(["--prices", "/nowhere/bad.csv"]);
  expect(output).toBe("/nowhere/bad.csv: cannot be read: ENOENT [input-prices]\n");
  expect(exitCode).toBe(2);
});

test("a wrong fork is told of first", async () => {
  const { exitCode, output } = await startBeside([], { FORK_URL_BASE: "nowhere" });
  expect(output).toMatch(/FORK_URL_BASE: must be an http/);
  expect(exitCode).toBe(2);
});
