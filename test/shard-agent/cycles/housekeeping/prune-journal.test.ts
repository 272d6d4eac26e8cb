import { expect, test } from "vitest";
import { journalPruner } from "#shard-agent/cycles/housekeeping/prune-journal.ts";
import type { PruneOrder } from "#shard-agent/records/pruned-entries.ts";
import { DAY_MS } from "#shared/units/time.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { trackedChain } from "#test/support/agent/tracked-chain.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const NOW_MS = 1_790_000_000_000;

function pruning(o: { readonly finalMs: number | null; readonly left?: number }) {
  const { journal } = trackedChain(temporaryFolder());
  const orders: PruneOrder[] = [];
  const at = { nowMs: NOW_MS, left: o.left ?? 0 };
  const { block } = aSnapshot();
  const prune = journalPruner(
    {
      journal: {
        ...journal,
        prune: (order) => {
          orders.push(order);
          at.left -= 1;
          return { entries: 0, links: 0, isMore: at.left > 0 };
        },
      },
      chain: {
        finalized: async () => (o.finalMs === null ? null : { ...block, timestampMs: o.finalMs }),
      },
      clock: { nowMs: () => at.nowMs },
      log: memoryLog(),
    },
    { keepDays: 90 },
  );
  return { prune, orders, at, journal };
}

test.each([
  ["a node that dates its final block into the future", NOW_MS + 400 * DAY_MS, NOW_MS],
  ["a clock that is ahead of the chain", NOW_MS - 5 * DAY_MS, NOW_MS - 5 * DAY_MS],
])("%s drops nothing before its time, and refuses no job to come", async (_name, finalMs, byMs) => {
  const { prune, orders, journal } = pruning({ finalMs });
  await prune();
  expect(orders).toMatchObject([{ untilSeconds: (byMs - 90 * DAY_MS) / 1000, nowMs: NOW_MS }]);
  journal.close();
});

test("nothing is dropped while no block is final", async () => {
  const { prune, orders, journal } = pruning({ finalMs: null });
  await prune();
  expect(orders).toEqual([]);
  journal.close();
});

test("it is looked at every hour, and at every head while there is more", async () => {
  const { prune, orders, at, journal } = pruning({ finalMs: NOW_MS, left: 3 });
  for (let head = 0; head < 6; head += 1) await prune();
  expect(orders).toHaveLength(3);
  at.nowMs += 3_600_000;
  await prune();
  expect(orders).toHaveLength(4);
  journal.close();
});
