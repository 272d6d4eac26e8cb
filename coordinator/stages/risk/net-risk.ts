import { isExpected, type PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type {
  GreekLine,
  ShardValuation,
  SilentGreeks,
} from "#coordinator/records/planning/shard-valuation.ts";
import {
  greeksOfQuanta,
  netGreeks,
  type QuantisedGreeks,
  quantiseGreeks,
} from "#shared/risk/portfolio/netting.ts";
import { type Greeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";

/** Net position of one underlying over all shards. */
export type NetUnderlying = {
  readonly underlying: string;
  /** Expected effects of in-flight jobs included, lapsed ones left out. */
  readonly greeks: Greeks;
  /** Ascending by expiry; spot first (`expiryMs` null). In-flight jobs are in their lines. */
  readonly byExpiry: readonly GreekLine[];
  readonly inFlightDeltaUnits: number;
  /** Net delta with each stale shard's delta anywhere on the standard grid. */
  readonly staleIntervalUnits: readonly [number, number];
  /** The same with each in-flight job either done or not done: limits must hold at both ends. */
  readonly limitIntervalUnits: readonly [number, number];
  /** Of each shard whose book is only carried; left out where there is none. */
  readonly silent?: readonly SilentGreeks[];
};

export type NetOutcome =
  | { readonly netted: true; readonly net: NetUnderlying }
  | { readonly netted: false; readonly reason: string };

/**
 * Net Greeks of one underlying. Each shard x expiry line and each in-flight job is rounded once,
 * half-even, to the quantum; the sums are sums of integers, so neither the order of the shards nor
 * how the books came to be known changes a bit of the result.
 *
 * @param missing Shards without any accepted report: their book is unknown, so nothing can be netted.
 * @param deltaQuantumUnits Above zero; recorded with the decision.
 */
export function netRisk(
  underlying: string,
  valuations: readonly ShardValuation[],
  effects: readonly PendingEffect[],
  options: { readonly missing: readonly string[]; readonly deltaQuantumUnits: number },
): NetOutcome {
  if (options.missing.length > 0) {
    return { netted: false, reason: `no report yet from ${options.missing.join(", ")}` };
  }
  const unvalued = valuations.find((valuation) => valuation.unvalued.has(underlying));
  if (unvalued !== undefined) {
    return { netted: false, reason: `${unvalued.shard}: ${unvalued.unvalued.get(underlying)}` };
  }
  try {
    return { netted: true, net: sumUp(underlying, valuations, effects, options.deltaQuantumUnits) };
  } catch (error) {
    if (error instanceof RangeError)
      return { netted: false, reason: "Greeks too large to add exactly" };
    throw error;
  }
}

function sumUp(
  underlying: string,
  valuations: readonly ShardValuation[],
  effects: readonly PendingEffect[],
  quantum: number,
): NetUnderlying {
  const own = valuations.flatMap((valuation) => valuation.underlyings.get(underlying) ?? []);
  const pending = effects
    .filter((effect) => effect.underlying === underlying && effect.isPendingAtShard)
    .map((effect) => ({ effect, greeks: quantiseGreeks(effectGreeks(effect), quantum) }));
  const jobs = pending.filter(({ effect }) => isExpected(effect));
  const parts = new Map<number | null, QuantisedGreeks[]>([[null, []]]);
  for (const { effect, greeks } of jobs) {
    const expiryMs = effect.option?.expiryMs ?? null;
    parts.set(expiryMs, [...(parts.get(expiryMs) ?? []), greeks]);
  }
  for (const line of own.flatMap((one) => one.lines)) {
    const list = parts.get(line.expiryMs) ?? [];
    parts.set(line.expiryMs, [...list, quantiseGreeks(line.greeks, quantum)]);
  }
  const total = netGreeks([...parts.values()].flat());
  const stale = own.map((one): [number, number] => [
    one.gridDeltaUnits[0] - one.greeks.deltaUnits,
    one.gridDeltaUnits[1] - one.greeks.deltaUnits,
  ]);
  const greeks = greeksOfQuanta(total, quantum);
  const staleInterval = widen([greeks.deltaUnits, greeks.deltaUnits], stale);
  // What may turn out the other way: an expected job undone, a lapsed one done.
  const turned = pending
    .filter(({ effect }) => !effect.isCertain)
    .map(({ effect, greeks: own }) => (isExpected(effect) ? -1 : 1) * own.deltaUnits * quantum);
  const silent = own.flatMap((one) => one.silent ?? []);
  return {
    underlying,
    ...(silent.length === 0 ? {} : { silent }),
    greeks,
    byExpiry: byExpiry(parts, quantum),
    inFlightDeltaUnits: netGreeks(jobs.map((job) => job.greeks)).deltaUnits * quantum,
    staleIntervalUnits: staleInterval,
    limitIntervalUnits: widen(
      staleInterval,
      turned.map((delta) => [Math.min(0, delta), Math.max(0, delta)]),
    ),
  };
}

/** What a job adds to the net: delta for all hedges, the rest for options. */
function effectGreeks({ deltaUnits, option }: PendingEffect): Greeks {
  const { gammaUnitsPerUsd, vegaUsdPerVolPoint } = option ?? ZERO_GREEKS;
  return { ...ZERO_GREEKS, deltaUnits, gammaUnitsPerUsd, vegaUsdPerVolPoint };
}

function byExpiry(
  parts: ReadonlyMap<number | null, readonly QuantisedGreeks[]>,
  quantum: number,
): GreekLine[] {
  return [...parts]
    .sort((left, right) => (left[0] ?? 0) - (right[0] ?? 0))
    .map(([expiryMs, lines]) => ({ expiryMs, greeks: greeksOfQuanta(netGreeks(lines), quantum) }));
}

function widen(
  interval: readonly [number, number],
  by: readonly (readonly [number, number])[],
): [number, number] {
  return by.reduce<[number, number]>(
    ([low, high], [down, up]) => [low + down, high + up],
    [interval[0], interval[1]],
  );
}
