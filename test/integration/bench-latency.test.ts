import { expect, test } from "vitest";
import { latencyRows } from "#test/bench/latency/latency.ts";

test("the agent's own reads and viem's multicall give the same report of one block, and both are timed", async () => {
  const rows = await latencyRows(8, { rounds: 1, blocks: 1, settling: 1, warmUp: 1 });
  // Five baselines, for blocks without and with a new price.
  expect(rows).toHaveLength(10);
  for (const { medianUs, baselineMedianUs } of rows) {
    expect(medianUs).toBeGreaterThan(0);
    expect(baselineMedianUs).toBeGreaterThan(0);
  }
});
