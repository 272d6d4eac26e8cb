import { expect, test } from "vitest";
import { buildReport } from "#shard-agent/stages/build-report.ts";
import { checkHealth } from "#shard-agent/stages/check-health.ts";
import { measureRisk } from "#shard-agent/stages/measure-risk.ts";
import { valueBook } from "#shard-agent/stages/value-book.ts";
import { uniswapV3Venue } from "#shard-agent/venues/uniswap-v3.ts";
import { shardReportSchema } from "#shared/wire/shard-report.ts";
import { aScope, aSeries, aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";

test("the report of a snapshot satisfies the wire schema once it has a number", () => {
  const scope = aScope();
  const snapshot = aSnapshot({ series: [aSeries()], routes: [aRouteLine()] });
  const valued = valueBook(snapshot, scope);
  const report = buildReport({
    snapshot,
    scope,
    valued,
    risk: measureRisk(valued),
    capacity: uniswapV3Venue(scope).capacity(snapshot),
    health: checkHealth(snapshot, scope, { journalWritable: true, endpointsAgree: true }),
    transfers: [],
    spendLeftWei: null,
  });
  const parsed = shardReportSchema.parse({ ...report, seq: 1 });
  expect(parsed).toMatchObject({
    shard: "base",
    agent: "base-1",
    block: { number: 1_000, finalizedNumber: 992 },
    chain: { epoch: 3, capitalRaw: "1000000000000", baseFeeWei: "7" },
    senders: [{ balanceWei: "5000" }],
    routes: [{ dstEid: 30_101, feeNativeWei: "1000000000000000" }],
  });
  expect(parsed.scenarioPnlUsd).toHaveLength(33);
});

test("a finality above the block, read a moment later, is cut to the block", () => {
  const scope = aScope();
  const snapshot = aSnapshot({ finalizedNumber: 1_003 });
  const valued = valueBook(snapshot, scope);
  const health = { acceptsJobs: true, reasons: [] };
  const report = buildReport({
    snapshot,
    scope,
    valued,
    risk: measureRisk(valued),
    capacity: [],
    health,
    transfers: [],
    spendLeftWei: null,
  });
  expect(report.block.finalizedNumber).toBe(1_000);
});
