import { uncoveredShards } from "#coordinator/stages/plans/find-shortfalls.ts";
import { isOpenRoute, isSource, mostFrom } from "#coordinator/stages/plans/plan-transfers.ts";
import { type PlanningWorld, transitHours } from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder } from "#coordinator/stages/program/program-builder.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { routeFee } from "#coordinator/stages/trades/route-fee.ts";

/** The columns of one possible transfer. */
export type TransferVariables = {
  readonly source: ShardInput;
  readonly target: ShardInput;
  /** USD that leave the source. */
  readonly amount: number;
  /** 1 when it is made. */
  readonly used: number;
};

/**
 * Columns for a transfer from every shard with surplus to every shard in shortfall that nothing on its way covers, over
 * routes that are open: the route's fee when it is made, an amount between the policy's bounds then, and a price for the time it takes from that source.
 */
export function addTransfers(builder: ProgramBuilder, world: PlanningWorld): TransferVariables[] {
  if (!world.mayTransfer) return [];
  const { policy, inputs } = world;
  const { minimumUsd, maximumUsd } = policy.transfers;
  const targets = uncoveredShards(world);
  if (targets.length === 0) return [];
  const sources = inputs
    .filter((input) => isSource(input) && !targets.includes(input))
    .map((input) => ({ input, mostUsd: mostFrom(input, world) }))
    .filter(({ mostUsd }) => mostUsd >= minimumUsd)
    .sort((left, right) => right.mostUsd - left.mostUsd)
    .slice(0, policy.planning.shardsMax);
  return targets.slice(0, policy.planning.shardsMax).flatMap((target) => {
    const open = sources.filter(({ input }) => isOpenRoute(input, target));
    return open.flatMap(({ input: source, mostUsd }) => {
      const fee = routeFee(source, target, world);
      if (fee.closed !== null || mostUsd < fee.leastUsd) return [];
      const name = `${source.setup.shard} to ${target.setup.shard}`;
      const used = builder.column(`send ${name}`, {
        cost: fee.usd,
        upper: 1,
        isInteger: true,
      });
      const amount = builder.column(`amount ${name}`, {
        cost: policy.planning.transitCostFractionPerHour * transitHours(source),
        upper: Math.min(maximumUsd, mostUsd),
      });
      const most = Math.min(maximumUsd, mostUsd);
      builder.atMost(
        `most ${name}`,
        [
          [amount, 1],
          [used, -most],
        ],
        0,
      );
      builder.atLeast(
        `least ${name}`,
        [
          [amount, 1],
          [used, -fee.leastUsd],
        ],
        0,
      );
      return [{ source, target, amount, used }];
    });
  });
}
