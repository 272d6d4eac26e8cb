import fc from "fast-check";
import { expect, test } from "vitest";
import { reportedNet } from "#coordinator/records/planning/reported-net.ts";
import type { GreeksLine, ShardReport } from "#shared/wire/shard-report.ts";
import { aShardReport } from "#test/support/coordinator/shard-report.ts";

const QUANTA = new Map([["ETH", 1e-6]]);

function reportOf(shard: string, ...deltas: readonly number[]): ShardReport {
  const [line] = aShardReport().greeks;
  const greeks = deltas.map((deltaUnits): GreeksLine => ({ ...(line as GreeksLine), deltaUnits }));
  return aShardReport({ shard, greeks });
}

test("nets what the shards say, and a newer report takes the place of the last", () => {
  const net = reportedNet(QUANTA);
  expect(net.of("ETH")).toBeNull();
  net.take(reportOf("base", 1.5, -0.25));
  net.take(reportOf("ethereum", -3));
  expect(net.of("ETH")?.deltaUnits).toBeCloseTo(-1.75, 9);
  net.take(reportOf("base", 3));
  expect(net.of("ETH")?.deltaUnits).toBe(0);
});

test("says nothing of an underlying nobody names any more, or the policy does not know", () => {
  const net = reportedNet(QUANTA);
  net.take(reportOf("base", 1));
  net.take(reportOf("base"));
  expect(net.of("ETH")).toBeNull();
  const [line] = reportOf("base", 1).greeks;
  net.take(aShardReport({ greeks: [{ ...(line as GreeksLine), underlying: "DOGE" }] }));
  expect(net.of("DOGE")).toBeNull();
});

test("figures too large to add exactly make it unknown until the shard reports sane ones", () => {
  const net = reportedNet(QUANTA);
  net.take(reportOf("ethereum", 2));
  net.take(reportOf("base", 1e300));
  expect(net.of("ETH")).toBeNull();
  net.take(reportOf("base", 1));
  expect(net.of("ETH")?.deltaUnits).toBeCloseTo(3, 9);
});

test("depends on each shard's newest report only, not on what came before or in which order", () => {
  const anyDelta = fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.constant(1e300));
  const anyReports = fc.array(fc.tuple(fc.constantFrom("base", "ethereum", "arbitrum"), anyDelta), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(anyReports, (reports) => {
      const net = reportedNet(QUANTA);
      const newest = new Map<string, ShardReport>();
      for (const [shard, deltaUnits] of reports) {
        const report = reportOf(shard, deltaUnits);
        newest.set(shard, report);
        net.take(report);
      }
      const afresh = reportedNet(QUANTA);
      for (const report of [...newest.values()].reverse()) afresh.take(report);
      expect(net.of("ETH")).toEqual(afresh.of("ETH"));
    }),
  );
});
