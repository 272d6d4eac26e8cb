import { expect, test } from "vitest";
import { lintPlanted } from "#test/house/lint-planted.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("\n");
}

const PLANTS: readonly { rule: string; file: string; content: string }[] = [
  {
    rule: "lint/style/useFilenamingConvention",
    file: "shared/risk/PascalCase.ts",
    content: "export const one = 1;\n",
  },
  { rule: "lint/style/noEnum", file: "shared/risk/a.ts", content: "export enum Colour { Red }\n" },
  {
    rule: "lint/style/noDefaultExport",
    file: "shared/risk/a.ts",
    content: "const one = 1;\nexport default one;\n",
  },
  {
    rule: "lint/style/noNonNullAssertion",
    file: "shared/risk/a.ts",
    content: "export const first = (list: number[]): number => list[0]!;\n",
  },
  {
    rule: "lint/style/useConsistentTypeDefinitions",
    file: "shared/risk/a.ts",
    content: "export interface Point { readonly x: number }\n",
  },
  {
    rule: "lint/style/noProcessEnv",
    file: "coordinator/adapters/a.ts",
    content: 'export const home = process.env["HOME"];\n',
  },
  {
    rule: "lint/style/noRestrictedGlobals",
    file: "coordinator/stages/a.ts",
    content: "export const soon = (run: () => void) => setTimeout(run, 1);\n",
  },
  {
    rule: "lint/style/noExcessiveLinesPerFile",
    file: "shared/risk/a.ts",
    content: `${lines(301, (i) => `export const value${i} = ${i};`)}\n`,
  },
  {
    rule: "lint/complexity/noExcessiveLinesPerFunction",
    file: "shared/risk/a.ts",
    content: `export function long(x: number): number {\n  let sum = x;\n${lines(61, (i) => `  sum += ${i};`)}\n  return sum;\n}\n`,
  },
  {
    rule: "lint/complexity/useMaxParams",
    file: "shared/risk/a.ts",
    content:
      "export const sum = (a: number, b: number, c: number, d: number, e: number) => a + b + c + d + e;\n",
  },
  {
    rule: "lint/performance/noBarrelFile",
    file: "shared/risk/a.ts",
    content: 'export { one } from "#shared/risk/b.ts";\n',
  },
  {
    rule: "lint/suspicious/noExplicitAny",
    file: "shared/risk/a.ts",
    content: "export const identity = (x: any) => x;\n",
  },
  {
    rule: "lint/suspicious/noConsole",
    file: "shared/redis/a.ts",
    content: 'console.log("hello");\n',
  },
  {
    rule: "lint/nursery/noFloatingPromises",
    file: "coordinator/cycles/a.ts",
    content:
      "async function work(): Promise<void> {}\nexport function begin(): void {\n  work();\n}\n",
  },
  {
    rule: "lint/nursery/useExhaustiveSwitchCases",
    file: "shared/risk/a.ts",
    content:
      'export function sign(side: "buy" | "sell"): number {\n  switch (side) {\n    case "buy":\n      return 1;\n  }\n  return 0;\n}\n',
  },
];

test.each(PLANTS)("$rule is refused", async ({ rule, file, content }) => {
  const { exitCode, findings } = await lintPlanted(temporaryFolder(), { [file]: content });

  expect(exitCode).not.toBe(0);
  expect(findings.map((finding) => finding.rule)).toContain(rule);
});

test("two files that import each other are refused", async () => {
  const { exitCode, findings } = await lintPlanted(temporaryFolder(), {
    "shared/risk/a.ts":
      'import { b } from "#shared/risk/b.ts";\nexport const a = (): number => b();\n',
    "shared/risk/b.ts":
      'import { a } from "#shared/risk/a.ts";\nexport const b = (): number => a();\n',
  });

  expect(exitCode).not.toBe(0);
  expect(findings.map((finding) => finding.rule)).toContain("lint/suspicious/noImportCycles");
});
