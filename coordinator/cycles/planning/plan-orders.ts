import { netWorld, type World } from "#coordinator/cycles/planning/assess-world.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { hedgeBarrier, transferBarrier } from "#coordinator/cycles/planning/plan-greedily.ts";
import type { TransferDecision } from "#coordinator/records/planning/decision-record.ts";
import { isHedge } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type { OrderProgress, ShardOrder } from "#coordinator/records/safety/shard-order.ts";
import { bringHome } from "#coordinator/stages/orders/bring-home.ts";
import { drainStep } from "#coordinator/stages/orders/plan-drain.ts";
import {
  type FlattenContext,
  type FlattenStep,
  flattenStep,
} from "#coordinator/stages/orders/plan-flatten.ts";
import { closeOption, closePerp } from "#coordinator/stages/orders/plan-unwind.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";

/** What people's orders want of a pass, and how far they are. */
export type OrderedPlan = {
  readonly actions: readonly PlannedAction[];
  readonly transfers: readonly TransferDecision[];
  readonly progress: readonly OrderProgress[];
};

/**
 * Flattens and drains by order, one shard after the other, before anything else is planned: what they
 * do is in flight for the rest of the pass, which brings the net back into its band on other shards.
 */
export function planOrders(input: PassInput, world: World): OrderedPlan {
  const plan = {
    actions: [] as PlannedAction[],
    transfers: [] as TransferDecision[],
    progress: [] as OrderProgress[],
  };
  const { orders } = input.safety.memory;
  for (const shard of Object.keys(orders).sort()) {
    const order = orders[shard];
    if (order === undefined || !input.setups.has(shard)) continue;
    const now = worldAfter(input, world, plan.actions);
    const jobsMax = input.policy.hedging.jobsPerPassMax - plan.actions.length;
    const one = planOrder({ shard, order, jobsMax }, input, now);
    plan.actions.push(...one.actions);
    plan.transfers.push(...one.transfers);
    plan.progress.push(...one.progress);
  }
  return plan;
}

/** The world with some actions in flight. */
export function worldAfter(
  input: PassInput,
  world: World,
  actions: readonly PlannedAction[],
): World {
  if (actions.length === 0) return world;
  const effects = [...world.effects, ...actions.map((action) => action.effect)];
  const nets = netWorld([...world.view.valuations.values()], effects, input);
  return { ...world, effects, view: { ...world.view, nets } };
}

type Ordered = {
  readonly shard: string;
  readonly order: ShardOrder;
  readonly jobsMax: number;
};

function planOrder(ordered: Ordered, input: PassInput, world: World): OrderedPlan {
  const { shard, order } = ordered;
  const own = world.inputs.find((one) => one.setup.shard === shard);
  const { kind, reason } = order;
  const none = { shard, kind, reason, deltaUnits: {}, leftUsd: null, left: [] };
  if (own === undefined || !own.status.takesJobs) {
    const why = own === undefined ? ["no report yet"] : [own.status.mode, ...own.status.reasons];
    const progress = { ...none, state: "blocked" as const, waitingFor: why };
    return { actions: [], transfers: [], progress: [progress] };
  }
  const steps = flattenAll(own, ordered, input, world);
  const trades = steps.flatMap((step) => step.action ?? []);
  const traded = worldAfter(input, world, trades);
  const jobsMax = ordered.jobsMax - trades.length;
  const barrier = transferBarrier(input, world);
  const home = kind === "drain" ? bringHome(own, { ...traded, jobsMax, barrier }) : undefined;
  const actions = [...trades, ...(home?.actions ?? [])];
  const after = worldAfter(input, world, actions);
  const moved = kind === "drain" ? drain(own, ordered, input, after) : undefined;
  const waitingFor = [
    ...[...own.valuation.unvalued].map(([ticker, why]) => `${ticker}: cannot be valued: ${why}`),
    ...steps.flatMap((step) => (step.waitsFor === null ? [] : [step.waitsFor])),
    ...(home?.waitingFor ?? []),
    ...(moved?.waitingFor ?? []),
  ];
  const all = [...actions, ...(moved?.actions ?? [])];
  const isOnItsWay = after.effects.some((one) => one.shard === shard && one.isPendingAtShard);
  const isWorking = all.length > 0 || isOnItsWay;
  const progress: OrderProgress = {
    ...none,
    deltaUnits: Object.fromEntries(steps.map((step) => [step.underlying, step.deltaUnits])),
    leftUsd: moved?.leftUsd ?? null,
    state: isWorking ? "working" : waitingFor.length > 0 ? "blocked" : "done",
    waitingFor,
    left: [...steps.flatMap((step) => step.left), ...(home?.left ?? [])],
  };
  return { actions: all, transfers: moved?.transfers ?? [], progress: [progress] };
}

function flattenAll(
  own: ShardInput,
  { jobsMax }: Ordered,
  input: PassInput,
  world: World,
): FlattenStep[] {
  const steps: FlattenStep[] = [];
  for (const ticker of own.valuation.underlyings.keys()) {
    const actions = steps.flatMap((step) => step.action ?? []);
    const now = worldAfter(input, world, actions);
    const outcome = now.view.nets.get(ticker);
    const halfWidthUnits = now.view.halfWidthUnits.get(ticker);
    const { effects, policy, nativeUsd, inputs } = now;
    const { spotUsd, slices = [] } = now.view.snapshot.underlyings.get(ticker) ?? {};
    const nowMs = now.view.snapshot.asOfMs;
    const context = {
      underlying: ticker,
      net: outcome?.netted === true ? outcome.net : undefined,
      halfWidthUnits,
      barrier: hedgeBarrier(ticker, input, now),
      others: inputs.filter((one) => one !== own),
      effects,
      policy,
      nativeUsd,
      jobsMax: jobsMax - actions.length,
      market: spotUsd == null ? undefined : { spotUsd, slices, nowMs, rate: 0, carry: 0 },
    };
    steps.push(unwindOne(own, context));
  }
  return steps;
}

/** Options are sold back first, then the delta is traded away, and what is flat closes its perpetual: one trade at a time. */
function unwindOne(own: ShardInput, context: FlattenContext): FlattenStep {
  const flat = flattenStep(own, context);
  const isBusy = context.effects.some((effect) => {
    const isOwn = effect.shard === own.setup.shard && effect.underlying === context.underlying;
    return isOwn && effect.isPendingAtShard && isHedge(effect);
  });
  if (isBusy) return flat;
  const sale = closeOption(own, context);
  if (sale.action !== undefined) return { ...flat, action: sale.action, waitsFor: null };
  const waitsFor = sale.waitsFor ?? flat.waitsFor;
  if (flat.action !== undefined || flat.waitsFor !== null) return { ...flat, waitsFor };
  const closed = closePerp(own, context);
  const left = [sale.left, closed.left].flatMap((one) => one ?? []);
  return { ...flat, action: closed.action, waitsFor: sale.waitsFor ?? closed.waitsFor, left };
}

function drain(own: ShardInput, { order }: Ordered, input: PassInput, world: World) {
  const { orders } = input.safety.memory;
  const targets = world.inputs.filter(({ setup, status }) => {
    const isMeant = order.target === null ? true : setup.shard === order.target;
    const isLeaving = orders[setup.shard]?.kind === "drain";
    return setup.shard !== own.setup.shard && isMeant && !isLeaving && !status.isCarried;
  });
  const { inputs, effects, policy, nativeUsd } = world;
  const barrier = transferBarrier(input, world);
  const { reason } = order;
  return drainStep(own, { targets, inputs, effects, policy, nativeUsd, barrier, reason });
}
