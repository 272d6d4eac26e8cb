import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { SpendingBudget } from "#shard-agent/ports/spending-budget.ts";
import { judgeSpending, spentWei } from "#shard-agent/stages/judge-spending.ts";
import type { Clock } from "#shared/ports/clock.ts";
import { DAY_MS } from "#shared/units/time.ts";

const LOOK_AGAIN_MS = 60_000;

/**
 * Holds what is signed within 24 hours to `maxWei`, over restarts: whatever was ever broadcast is in the journal before.
 *
 * @param maxWei Null: no limit.
 */
export function spendingBudget(
  ports: {
    readonly journal: Pick<Journal, "signedCosts">;
    readonly clock: Clock;
    readonly memory: Pick<Memory, "snapshot">;
  },
  maxWei: bigint | null,
): SpendingBudget {
  // By the earlier of clock and chain: on a clock that runs ahead, nothing would have been signed today.
  const nowMs = (): number => {
    const clockMs = ports.clock.nowMs();
    return Math.min(clockMs, ports.memory.snapshot?.block.timestampMs ?? clockMs);
  };
  const costs = () => ports.journal.signedCosts(nowMs() - DAY_MS);
  let last: { readonly atMs: number; readonly leftWei: bigint } | null = null;
  return {
    judge: (transaction) => {
      if (maxWei === null) return null;
      last = null;
      const excess = judgeSpending(costs(), { ...transaction, maxWei });
      if (excess === null) return null;
      const { totalWei, liftsAtMs } = excess;
      const what = `${totalWei} wei within 24 hours; the configuration allows ${maxWei} wei`;
      return { what, liftsAtMs };
    },
    leftWei: () => {
      if (maxWei === null) return null;
      const atMs = ports.clock.nowMs();
      if (last === null || atMs < last.atMs || atMs >= last.atMs + LOOK_AGAIN_MS) {
        const leftWei = maxWei - spentWei(costs());
        last = { atMs, leftWei: leftWei > 0n ? leftWei : 0n };
      }
      return last.leftWei;
    },
  };
}
