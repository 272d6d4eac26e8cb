import { expect, test } from "vitest";
import { assessWorld } from "#coordinator/cycles/planning/assess-world.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import { anEntry, aPassInput } from "#test/support/coordinator/coordinator-pass.ts";

test("losses are counted from the newest proved books, on the pass's own prices, although newer books are not proved", () => {
  const base = anEntry({ shard: "base" });
  const optimism = anEntry({ shard: "optimism" });
  const later = { ...base, report: { ...base.report, seq: base.report.seq + 5 } };
  const proved = new Map<string, BookEntry>([
    ["base", base],
    ["optimism", optimism],
  ]);
  const input = aPassInput([later, optimism], { safety: { ...NO_SAFETY, proved } });
  const { view } = assessWorld(input);
  const { ledger } = view.safety.memory;
  expect(ledger.shards["base"]?.equityUsd).toBe(view.valuations.get("base")?.equityUsd);
  expect(Object.keys(ledger.shards).sort()).toEqual(["base", "optimism"]);
  expect(ledger.all.recent).toHaveLength(1);
});
