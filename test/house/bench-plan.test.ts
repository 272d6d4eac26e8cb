import { expect, test } from "vitest";
import type { BenchRow } from "#test/bench/compare.ts";
import { marginRows } from "#test/bench/planning/margin-benefit.ts";
import { planLatencyRows } from "#test/bench/planning/plan-latency.ts";
import { planQualityRows } from "#test/bench/planning/plan-quality.ts";
import { triggerRows } from "#test/bench/planning/trigger-benefit.ts";

test.each<{ name: string; rows: () => Promise<BenchRow[]> | BenchRow[] }>([
  { name: "plan quality", rows: () => planQualityRows(6) },
  { name: "plan latency", rows: () => planLatencyRows(1) },
  { name: "trigger", rows: () => triggerRows(1) },
  { name: "margin", rows: () => marginRows(1) },
])(
  "the $name benchmark runs and says what it found",
  async ({ rows }) => {
    const measured = await rows();
    expect(measured.length).toBeGreaterThan(1);
    for (const { name, medianUs } of measured) {
      expect(name).not.toBe("");
      expect(medianUs).toBeGreaterThan(0);
    }
  },
  120_000,
);
