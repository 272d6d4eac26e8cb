import fc from "fast-check";
import { expect, test } from "vitest";
import { type ReportRef, reportSetHash } from "#shared/wire/report-set.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const refs: readonly ReportRef[] = ["arbitrum", "base", "ethereum"].flatMap((shard) =>
  [1, 2].map((replica) => ({
    shard,
    agent: `${shard}-${replica}`,
    seq: 1_790_000_000_000 + replica,
    blockNumber: 100 + replica,
    blockHash: hash32("b1"),
    blockTimestampMs: 1_790_000_000_000,
  })),
);

test("the hash does not depend on the order of the reports", () => {
  const expected = reportSetHash(refs);
  fc.assert(
    fc.property(fc.shuffledSubarray([...refs], { minLength: refs.length }), (shuffled) => {
      expect(reportSetHash(shuffled)).toBe(expected);
    }),
  );
});

test("the order given is left as it was", () => {
  const given = [...refs].reverse();
  reportSetHash(given);

  expect(given).toEqual([...refs].reverse());
});

test.each([
  { field: "shard", value: "optimism" },
  { field: "agent", value: "base-3" },
  { field: "seq", value: 1 },
  { field: "blockNumber", value: 1 },
  { field: "blockHash", value: hash32("b2") },
  { field: "blockTimestampMs", value: 1 },
])("a change of one report's $field changes the hash", ({ field, value }) => {
  const changed = refs.map((ref, index) => (index === 3 ? { ...ref, [field]: value } : ref));

  expect(reportSetHash(changed)).not.toBe(reportSetHash(refs));
});

test("leaving a report out changes the hash", () => {
  expect(reportSetHash(refs.slice(1))).not.toBe(reportSetHash(refs));
});

test("the hash is SHA-256 of the canonical JSON", () => {
  // printf '[]' | sha256sum
  expect(reportSetHash([])).toBe(
    "0x4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
  );
});
