import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";

export type RunningProcess = {
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves once standard output or error contains the text. */
  readonly printed: (text: string) => Promise<void>;
  readonly exitCode: Promise<number | null>;
};

/** Runs a TypeScript file of this repository in a process of its own; killed when the test ends. */
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
  onTestFinished(() => void child.kill("SIGKILL"));
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
    exitCode: new Promise((resolve) => child.once("close", (code) => resolve(code))),
  };
}
