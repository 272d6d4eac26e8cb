import { spawn } from "node:child_process";
import { onTestFailed, onTestFinished } from "vitest";

export type RunningProcess = {
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves once standard output or error contains the text. */
  readonly printed: (text: string) => Promise<void>;
  readonly exitCode: Promise<number | null>;
};

/** So much of what a process said last is told when its test fails. */
const TOLD_CHARACTERS = 4_000;

/** Runs a TypeScript file of this repository in a process of its own; when the test ends it is killed, and gone. */
export function runProcess(
  file: string,
  args: readonly string[],
  o: { readonly env?: Record<string, string>; readonly nodeArgs?: readonly string[] } = {},
): RunningProcess {
  const child = spawn(process.execPath, [...(o.nodeArgs ?? []), file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...o.env },
  });
  const watchers = new Set<() => void>();
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const watch of watchers) watch();
    });
  }
  const exitCode = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    // The next test's process may listen where this one does.
    await exitCode;
  });
  onTestFailed(() => console.error(`${file} said last:\n${output.slice(-TOLD_CHARACTERS)}`));
  const printed = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const watch = (): void => {
        if (!output.includes(text)) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      watch();
    });
  return {
    output: () => output,
    kill: (signal) => void child.kill(signal),
    printed,
    exitCode,
  };
}
