import type { TransferDecision } from "#coordinator/records/planning/decision-record.ts";
import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { routeKey } from "#coordinator/records/safety/trade-name.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import { mostFrom, transferAction } from "#coordinator/stages/plans/plan-transfers.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { closedRoutes, feeDecision, routeFee } from "#coordinator/stages/trades/route-fee.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

export type DrainContext = {
  /** Shards that may take it, in no particular order. */
  readonly targets: readonly ShardInput[];
  readonly inputs: readonly ShardInput[];
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  /** USD per native coin by ticker, for the fee. */
  readonly nativeUsd: ReadonlyMap<string, number>;
  /** Why nothing may be moved in this pass, if so. */
  readonly barrier: string | undefined;
  readonly reason: string;
};

export type DrainStep = {
  readonly actions: readonly PlannedAction[];
  readonly transfers: readonly TransferDecision[];
  /** What it could still move, this step left out, in USD. */
  readonly leftUsd: number;
  readonly waitingFor: readonly string[];
};

/**
 * One transfer of what a shard does not need: at most what is above its required capital and buffer, its
 * cash due and its floor on chain, to the target with the least surplus. One at a time: what has
 * left and not arrived must not fill the vault's transfer window.
 */
export function drainStep(own: ShardInput, context: DrainContext): DrainStep {
  const { effects, policy, barrier, inputs } = context;
  const { shard } = own.setup;
  const leftUsd = own.valuation.unvalued.size > 0 ? 0 : mostFrom(own, { inputs, effects, policy });
  const wait = (why: string): DrainStep => {
    return { actions: [], transfers: [], leftUsd, waitingFor: [why] };
  };
  if (own.valuation.unvalued.size > 0) return wait("part of its book cannot be valued");
  const isLeaving = effects.some((effect) => {
    const isUnderWay = effect.isPendingAtShard || effect.isPendingAtTarget;
    return effect.shard === shard && effect.kind === "transfer" && isUnderWay;
  });
  if (isLeaving) return wait("a transfer is on its way");
  if (leftUsd < policy.transfers.minimumUsd)
    return { actions: [], transfers: [], leftUsd, waitingFor: [] };
  if (barrier !== undefined) return wait(barrier);
  const open = context.targets.filter(({ setup }) => {
    return !own.status.closedTargets.includes(setup.shard);
  });
  const surplusOf = ({ valuation, setup }: ShardInput): number =>
    assessCapital(valuation, setup, effects, policy).surplusUsd;
  const [target] = open
    .filter((one) => routeFee(own, one, context).closed === null)
    .sort((one, other) => {
      return surplusOf(one) - surplusOf(other) || (one.setup.shard < other.setup.shard ? -1 : 1);
    });
  if (target === undefined) {
    const closed = open.flatMap((one) => closedRoutes([own], one, context));
    const tripped = context.targets
      .filter((one) => !open.includes(one))
      .map(({ setup }) => {
        const paused = own.status.pausedTrades.get(routeKey(setup.shard));
        const why = paused ?? "a breaker has closed the route";
        return `${setup.shard}: nothing from ${shard}; ${why}`;
      });
    const waitingFor = ["no shard may take its collateral now", ...closed, ...tripped];
    return { actions: [], transfers: [], leftUsd, waitingFor };
  }
  const fee = routeFee(own, target, context);
  if (leftUsd < fee.leastUsd)
    return wait(`its agent pays the gas of ${fee.leastUsd.toFixed(2)} USD and more`);
  const action = transferAction(
    own,
    target,
    Math.min(leftUsd, policy.transfers.maximumUsd),
    policy,
  );
  if (action === undefined) return wait("nothing of it can travel");
  const { amountUsd } = action.effect;
  const transfer = {
    source: shard,
    target: target.setup.shard,
    amountUsd,
    reason: `drain: ${context.reason}`,
    fee: feeDecision(fee),
  };
  return { actions: [action], transfers: [transfer], leftUsd, waitingFor: [] };
}
