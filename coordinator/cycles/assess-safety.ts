import type { PassInput } from "#coordinator/cycles/assess-world.ts";
import type { BreakerEvent } from "#coordinator/records/breaker-state.ts";
import type { SafetyMemory } from "#coordinator/records/safety-memory.ts";
import type { ShardValuation } from "#coordinator/records/shard-valuation.ts";
import { judgeBreakers } from "#coordinator/stages/judge-breakers.ts";
import { measureBreakers } from "#coordinator/stages/measure-breakers.ts";
import { measureLosses, trackCapital } from "#coordinator/stages/track-capital.ts";

/** What a pass's measurements made of the memory it began with. */
export type SafetyOutcome = {
  readonly memory: SafetyMemory;
  readonly events: readonly BreakerEvent[];
};

/** Measures everything that breakers watch on a pass's valuations, and moves them. Pure. */
export function assessSafety(
  input: PassInput,
  valued: readonly ShardValuation[],
  carried: ReadonlySet<string>,
): SafetyOutcome {
  const { policy, nowMs, setups, entries, jobs } = input;
  const { memory, outcomes, messages, sharesRaw, transfers, proved } = input.safety;
  const news = {
    shards: [...setups.keys()],
    equityUsd: new Map(
      valued.flatMap((one): [string, number][] => {
        const isKnown = proved.has(one.shard) && one.unvalued.size === 0;
        return isKnown ? [[one.shard, one.equityUsd]] : [];
      }),
    ),
    sharesRaw,
    transfers,
    nowMs,
    windowMs: policy.breakers.lossVelocity.windowMs,
    shardWindowMs: policy.breakers.shardLossVelocity.windowMs,
  };
  const ledger = trackCapital(memory.ledger, news);
  const before = Object.values(memory.breakers);
  const measures = [
    ...measureBreakers({
      setups,
      entries,
      carried,
      jobs,
      messages,
      outcomes,
      before,
      policy,
      nowMs,
    }),
    ...measureLosses(ledger, news),
  ];
  const { breakers, events } = judgeBreakers(memory.breakers, measures, {
    policy: policy.breakers,
    nowMs,
  });
  return { memory: { ...memory, breakers, ledger }, events };
}
