import type { World } from "#coordinator/cycles/planning/assess-world.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import {
  actFrom,
  hedgeBarrier,
  transferBarrier,
} from "#coordinator/cycles/planning/plan-greedily.ts";
import { neededUnits } from "#coordinator/stages/plans/plan-hedges.ts";
import type {
  PlannedUnderlying,
  PlanningWorld,
} from "#coordinator/stages/program/planning-world.ts";
import type { OptionMarket } from "#shared/risk/pricing/option-position.ts";

/** What of a pass's world a plan is found and judged on: underlyings that can be decided, and what each needs. */
export function planningWorld(input: PassInput, world: World): PlanningWorld {
  const { view, inputs, effects, nativeUsd, policy } = world;
  const underlyings = Object.keys(policy.underlyings).flatMap((ticker): PlannedUnderlying[] => {
    const outcome = view.nets.get(ticker);
    const halfWidthUnits = view.halfWidthUnits.get(ticker);
    const spotUsd = view.snapshot.underlyings.get(ticker)?.spotUsd ?? undefined;
    const isRefused = typeof view.snapshot.underlyings.get(ticker)?.refused === "string";
    if (outcome?.netted !== true || halfWidthUnits === undefined) return [];
    if (spotUsd === undefined || isRefused) return [];
    const { net } = outcome;
    const needed = neededUnits({ net, halfWidthUnits, policy, ...actFrom(world, ticker) });
    const mayTrade = hedgeBarrier(ticker, input, world) === undefined;
    const units = typeof needed === "number" && mayTrade ? needed : 0;
    return [{ underlying: ticker, net, halfWidthUnits, spotUsd, neededUnits: units, mayTrade }];
  });
  const mayTransfer = transferBarrier(input, world) === undefined;
  const { asOfMs } = view.snapshot;
  const markets = underlyings.map(({ underlying, spotUsd }): [string, OptionMarket] => {
    const slices = view.snapshot.underlyings.get(underlying)?.slices ?? [];
    return [underlying, { spotUsd, slices, nowMs: asOfMs, rate: 0, carry: 0 }];
  });
  return {
    inputs,
    effects,
    policy,
    nativeUsd,
    underlyings,
    mayTransfer,
    costExempt: new Set(policy.planning.emergencyIgnoresCostCap ? view.emergencies.keys() : []),
    nowMs: asOfMs,
    markets: new Map(markets),
    buckets: view.buckets,
  };
}
