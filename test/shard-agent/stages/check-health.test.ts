import { expect, test } from "vitest";
import { checkHealth } from "#shard-agent/stages/check-health.ts";
import {
  anEthAsset,
  aScope,
  aSnapshot,
  BLOCK_MS,
  flatSlice,
} from "#test/support/agent/agent-snapshot.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const WELL = { journalWritable: true, endpointsAgree: true };

test("a healthy shard accepts jobs", () => {
  expect(checkHealth(aSnapshot(), aScope(), WELL)).toEqual({ acceptsJobs: true, reasons: [] });
});

test("every reason is given at once", () => {
  const snapshot = aSnapshot({
    paused: true,
    senders: [{ address: address20("5e"), balanceWei: 999n }],
    settlement: {
      ...aSnapshot().settlement,
      price: { priceE8: 10n ** 8n, roundId: 1n, updatedAtMs: BLOCK_MS - 60_001 },
    },
  });
  expect(
    checkHealth(snapshot, aScope(), { journalWritable: false, endpointsAgree: false }),
  ).toEqual({
    acceptsJobs: false,
    reasons: [
      "gas-below-floor",
      "feed-stale",
      "vault-paused",
      "journal-unwritable",
      "rpc-disagreement",
    ],
  });
});

test("an expired volatility slice that nobody updates any more is not a stale feed", () => {
  const slices = [{ ...flatSlice(BLOCK_MS, 0.5), updatedAtMs: 0 }];
  const snapshot = aSnapshot({ hedgeAssets: [anEthAsset({ slices })] });
  expect(checkHealth(snapshot, aScope(), WELL).acceptsJobs).toBe(true);
});
