import { stripVTControlCharacters } from "node:util";

/** One failed test: the file it is in, its name, and what it said. */
export type FailedTest = {
  readonly file: string;
  readonly name: string;
  readonly message: string;
};

/** The parts of vitest's JSON report that are read here; a file that could not be loaded has a message and no tests. */
export type VitestReport = {
  readonly numPassedTests?: number;
  readonly numFailedTests?: number;
  readonly numPendingTests?: number;
  readonly numTodoTests?: number;
  readonly testResults?: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
};

/** Lines of a message that are repeated at the end; the whole of it stands where the test failed. */
const MESSAGE_LINES = 12;

function shortened(message: string): string {
  const lines = stripVTControlCharacters(message).trim().split("\n");
  const rest = lines.length - MESSAGE_LINES;
  return [
    ...lines.slice(0, MESSAGE_LINES),
    ...(rest > 0 ? [`... ${rest} more lines above`] : []),
  ].join("\n");
}

/** Every failed test of a vitest run, files that could not be run included. Paths are relative to `root`. */
export function failedVitestTests(report: VitestReport, root: string): FailedTest[] {
  return (report.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    const failed = assertionResults
      .filter((test) => test.status === "failed")
      .map((test) => ({
        file,
        name: test.fullName,
        message: shortened((test.failureMessages ?? []).join("\n")),
      }));
    if (failed.length > 0 || status !== "failed") return failed;
    return [{ file, name: "(the whole file)", message: shortened(message ?? "") }];
  });
}

/** Every failed test of forge's output, once each though its summary says them again. */
export function failedForgeTests(output: string): FailedTest[] {
  const failed = new Map<string, FailedTest>();
  let file = "";
  for (const line of output.split("\n")) {
    file = /^Ran \d+ tests? for ([^:]+):/.exec(line)?.[1] ?? file;
    const found = /^\[FAIL[:.]?\s*(.*)\]\s+(\w+\([^)]*\))/.exec(line);
    if (found === null) continue;
    const [, message = "", name = ""] = found;
    const key = `${file} ${name}`;
    if (!failed.has(key)) failed.set(key, { file, name, message });
  }
  return [...failed.values()];
}

/** Forge's output without the lines of tests that passed. */
export function withoutPassedForgeTests(output: string): string {
  return output
    .split("\n")
    .filter((line) => !line.startsWith("[PASS]"))
    .join("\n");
}

/** The failed tests as the last thing a run prints: where, which, and the first lines of what each said. */
export function failedTestsText(failed: readonly FailedTest[]): string {
  return failed
    .map(({ file, name, message }) => `FAILED ${file} > ${name}\n${message.replace(/^/gm, "    ")}`)
    .join("\n");
}
