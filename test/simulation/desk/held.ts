import { heldMarginRaw } from "#test/simulation/desk/perp-market.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import type { VenueName } from "#test/simulation/world/site.ts";

/** Settlement asset that the vault counts as its own at a venue: the adapters' `held`. */
export function heldAtRaw(state: Pick<ShardState, "desk" | "rounds">, venue: VenueName): bigint {
  switch (venue) {
    case "aave":
      return state.desk.suppliedRaw;
    case "curie":
      return heldMarginRaw(state);
    case "lyra":
      return state.desk.options.cashRaw;
  }
}
