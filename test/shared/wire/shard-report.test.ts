import { expect, test } from "vitest";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import { shardReportSchema } from "#shared/wire/shard-report.ts";
import { aShardReport } from "#test/support/coordinator/shard-report.ts";

function issuesOf(input: unknown): string[] {
  const result = shardReportSchema.safeParse(input);
  return result.success ? [] : describeIssues(result.error, input);
}

/** The report as plain data with one field set; the path is in dots. */
function reportWith(path: string, value: unknown): unknown {
  const report = structuredClone(aShardReport()) as unknown as Record<string, unknown>;
  const parts = path.split(".");
  const last = parts.pop() ?? "";
  const parent = parts.reduce<Record<string, unknown>>(
    (at, part) => at[part] as Record<string, unknown>,
    report,
  );
  parent[last] = value;
  return report;
}

test("a complete report is accepted unchanged", () => {
  expect(shardReportSchema.parse(aShardReport())).toEqual(aShardReport());
});

test.each([
  { path: "version", value: 2 },
  { path: "shard", value: "Base" },
  { path: "shard", value: "base:1" },
  { path: "shard", value: "a".repeat(32) },
  { path: "chainId", value: "8453" },
  { path: "seq", value: 0 },
  { path: "seq", value: 1.5 },
  { path: "seq", value: 2 ** 60 },
  { path: "block.hash", value: "0xB1" },
  { path: "block.hash", value: `0x${"B1".repeat(32)}` },
  { path: "block.timestampMs", value: -1 },
  { path: "market.0.spotUsd", value: 0 },
  { path: "market.0.spotUsd", value: Number.NaN },
  { path: "market.0.spotUsd", value: Number.POSITIVE_INFINITY },
  { path: "market.0.volatility.0.a", value: null },
  { path: "collateral.0.amountRaw", value: 1500 },
  { path: "collateral.0.amountRaw", value: "-1" },
  { path: "collateral.0.amountRaw", value: "01" },
  { path: "collateral.0.amountRaw", value: "1e6" },
  { path: "collateral.0.amountRaw", value: "9".repeat(79) },
  { path: "collateral.0.decimals", value: 37 },
  { path: "collateral.0.location", value: "pocket" },
  { path: "collateral.0.token", value: "0x12" },
  { path: "book.0.strikeUsd", value: -2100 },
  { path: "book.0.quantity", value: Number.NEGATIVE_INFINITY },
  { path: "book.0.kind", value: "future" },
  { path: "greeks.0.gammaUnitsPerUsd", value: Number.NaN },
  { path: "scenarioPnlUsd", value: new Array(1025).fill(0) },
  { path: "chain.capitalRaw", value: "-0" },
  { path: "chain.paused", value: "false" },
  { path: "health.reasons.0", value: "tired" },
])("a report whose $path is $value is refused by that name", ({ path, value }) => {
  const issues = issuesOf(reportWith(path, value));

  expect(issues).toHaveLength(1);
  expect(issues[0]?.split(":")[0]).toBe(path.replace(/\.(\d+)/g, "[$1]"));
});

test.each(["version", "seq", "block", "market", "book", "chain", "health"])(
  "a report without %s is refused",
  (field) => {
    const report: Record<string, unknown> = { ...aShardReport() };
    delete report[field];

    expect(issuesOf(report)).toHaveLength(1);
  },
);

test("an unknown field is refused", () => {
  expect(issuesOf({ ...aShardReport(), sneaky: 1 })).toEqual([
    "sneaky: unknown field; remove it or correct its name",
  ]);
});

test.each([null, 7, "report", [], new Date()])("%s is refused", (input) => {
  expect(issuesOf(input)).not.toEqual([]);
});

test("a negative capital is a report like any other: a dying shard must be heard", () => {
  const report = aShardReport({ chain: { ...aShardReport().chain, capitalRaw: "-17" } });

  expect(issuesOf(report)).toEqual([]);
});
