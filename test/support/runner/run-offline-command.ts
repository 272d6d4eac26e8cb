import { spawnSync } from "node:child_process";

export type CommandResult = {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs the `riskshard` binary in a process of its own with a document on standard input (text as it is, else JSON). */
export function runRiskshard(args: readonly string[], document: unknown = ""): CommandResult {
  const input = typeof document === "string" ? document : JSON.stringify(document);
  const done = spawnSync(process.execPath, ["shared/node/bin/riskshard.mjs", ...args], {
    input,
    encoding: "utf8",
  });
  return { exitCode: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** The JSON a run printed. @throws {Error} If it did not end with exit code 0. */
export function answerOf<Answer>(args: readonly string[], document: unknown): Answer {
  const { exitCode, stdout, stderr } = runRiskshard(args, document);
  if (exitCode !== 0) {
    throw new Error(`exit code ${exitCode}: ${stderr}`);
  }
  return JSON.parse(stdout) as Answer;
}
