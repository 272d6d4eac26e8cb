import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type FailedTest,
  failedForgeTests,
  failedTestsText,
  failedVitestTests,
  type VitestReport,
  withoutPassedForgeTests,
} from "#test/house/failed-tests.ts";

/**
 * `npm test`: builds the contracts, runs the TypeScript tests that compute (unit, house, simulation), then the
 * integration tests, forge's tests beside them, and closes with every failed test by name and one line that counts
 * them all. Every part runs even when an earlier one failed. Exit code 0 only if every part ran and nothing failed.
 */

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };
type Part = {
  readonly name: string;
  readonly counts: Counts;
  readonly failed: readonly FailedTest[];
};
type Run = { readonly exitCode: number; readonly output: string };

const ROOT = path.resolve(import.meta.dirname, "../..");

function run(command: string, args: readonly string[]): Promise<Run> {
  console.log(`\n> ${command} ${args.join(" ")}`);
  return capture(command, args, (text) => process.stdout.write(text));
}

function capture(
  command: string,
  args: readonly string[],
  onText: (text: string) => void,
): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onText(text);
    });
    child.once("error", (error) => resolve({ exitCode: 1, output: String(error) }));
    child.once("close", (code) => resolve({ exitCode: code ?? 1, output }));
  });
}

/** A part whose runner failed without naming a failed test still counts as one failure. */
function withExitCode(counts: Counts, exitCode: number): Counts {
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function buildContracts(): Promise<Part> {
  const { exitCode } = await run("node", [
    "tools/forge.ts",
    "build",
    "--quiet",
    "contracts/src",
    "contracts/local",
  ]);
  return {
    name: "contracts build",
    counts: { passed: 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 },
    failed: [],
  };
}

/** Runs beside the others; what it says is printed by whoever waits for it, in one piece. */
async function testContracts(): Promise<Part & { readonly output: string }> {
  const args = ["tools/forge.ts", "test", "--color", "never"];
  const { exitCode, output } = await capture("node", args, () => undefined);
  const total = /: (\d+) tests passed, (\d+) failed, (\d+) skipped \(\d+ total tests\)/.exec(
    output,
  );
  const [passed, failed, skipped] = [
    Number(total?.[1] ?? 0),
    Number(total?.[2] ?? 1),
    Number(total?.[3] ?? 0),
  ];
  const counts = withExitCode({ passed, failed, skipped }, exitCode);
  return {
    name: "contracts",
    counts,
    failed: failedForgeTests(output),
    output: `\n> node ${args.join(" ")}\n${withoutPassedForgeTests(output)}`,
  };
}

async function testTypeScript(...projects: readonly string[]): Promise<Part> {
  const name = projects.join(" and ");
  const folder = mkdtempSync(path.join(tmpdir(), "riskshard-test-"));
  const file = path.join(folder, "results.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const selected = projects.map((project) => `--project=${project}`);
    const { exitCode } = await run("vitest", ["run", ...selected, ...reporters]);
    const results = JSON.parse(readFileSync(file, "utf8")) as VitestReport;
    const counts = {
      passed: results.numPassedTests ?? 0,
      failed: results.numFailedTests ?? 1,
      skipped: (results.numPendingTests ?? 0) + (results.numTodoTests ?? 0),
    };
    const failed = failedVitestTests(results, ROOT);
    return { name, counts: withExitCode(counts, exitCode), failed };
  } catch (error) {
    console.error(`vitest left no readable results: ${String(error)}`);
    return { name, counts: { passed: 0, failed: 1, skipped: 0 }, failed: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countsText({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

// The compiler of forge's tests needs one core for a minute and more: it runs beside whatever else there is.
const build = await buildContracts();
const contractsUnderWay = testContracts();
const computing = await testTypeScript("unit", "simulation");
const waiting = await testTypeScript("integration");
const contracts = await contractsUnderWay;
console.log(contracts.output);
const parts: readonly Part[] = [build, contracts, computing, waiting];
const sum = parts.reduce<Counts>(
  (total, { counts }) => ({
    passed: total.passed + counts.passed,
    failed: total.failed + counts.failed,
    skipped: total.skipped + counts.skipped,
  }),
  { passed: 0, failed: 0, skipped: 0 },
);
const failedTests = parts.flatMap(({ failed }) => failed);
if (failedTests.length > 0) console.log(`${failedTestsText(failedTests)}\n`);
for (const { name, counts } of parts) console.log(`${name}: ${countsText(counts)}`);
console.log(countsText(sum));
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
