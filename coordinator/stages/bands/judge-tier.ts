import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";

/**
 * How far a pass goes for an underlying: `absorb` keeps what is inside the band; `internal-netting` keeps it too, but
 * only because shards offset each other; `external-hedge` trades on a venue; `emergency` does so under the limits for
 * one, because a limit or the solvency of all is breached.
 */
export type Tier = "absorb" | "internal-netting" | "external-hedge" | "emergency";

/** What the shards' deltas come to, and how much of it they take off each other; units, never negative. */
export type Netting = { readonly grossDeltaUnits: number; readonly nettedDeltaUnits: number };

/**
 * Sum of the shards' own |delta|, and how much more that is than the |delta| of their sum. Jobs in flight left out.
 *
 * @param owns One per shard, in an order that does not depend on when reports came.
 */
export function measureNetting(owns: readonly UnderlyingValuation[]): Netting {
  const deltas = owns.map((one) => one.greeks.deltaUnits);
  const grossDeltaUnits = deltas.reduce((total, delta) => total + Math.abs(delta), 0);
  const netUnits = deltas.reduce((total, delta) => total + delta, 0);
  return { grossDeltaUnits, nettedDeltaUnits: Math.max(0, grossDeltaUnits - Math.abs(netUnits)) };
}

/**
 * The tier of one underlying.
 *
 * @param o.isDue A hedge is due, whether or not one can be done.
 * @param o.actFromUnits |net delta| from which one is due.
 */
export function judgeTier(o: {
  readonly isEmergency: boolean;
  readonly isDue: boolean;
  readonly actFromUnits: number;
  readonly netting: Netting;
}): Tier {
  if (o.isEmergency) return "emergency";
  if (o.isDue) return "external-hedge";
  return o.netting.grossDeltaUnits > o.actFromUnits && o.netting.nettedDeltaUnits > 0
    ? "internal-netting"
    : "absorb";
}
