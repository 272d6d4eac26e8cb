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

/** A suite's heading, or a failure and its test's name, which stands below the calls that an invariant failed after. */
const SUITE_OR_FAILURE =
  /^Ran \d+ tests? for (?<suite>[^:\n]+):|^\[FAIL:?\s*(?<message>.*)\](?: |\n\t\[Sequence\][\s\S]*?\n )(?<name>\w+\([^)]*\))/gm;

/** Every failed test of forge's output, once each though its summary says them again. */
export function failedForgeTests(output: string): FailedTest[] {
  const [suites = ""] = output.split("\nFailing tests:\n", 1);
  const failed: FailedTest[] = [];
  let file = "";
  for (const { groups = {} } of suites.matchAll(SUITE_OR_FAILURE)) {
    const { suite, message = "", name = "" } = groups;
    if (suite === undefined) failed.push({ file, name, message });
    else file = suite;
  }
  return failed;
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
