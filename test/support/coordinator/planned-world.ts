import { assessWorld, type World } from "#coordinator/cycles/planning/assess-world.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { NetUnderlying } from "#coordinator/stages/risk/net-risk.ts";
import { aPassInput } from "#test/support/coordinator/coordinator-pass.ts";

/** What planning sees of the given entries. */
export function aWorld(entries: readonly BookEntry[], changes: Partial<PassInput> = {}): World {
  return assessWorld(aPassInput(entries, changes));
}

/** Net ETH position of a world; throws when it could not be netted. */
export function netEth(world: World): NetUnderlying {
  const outcome = world.view.nets.get("ETH");
  if (outcome?.netted !== true) throw new Error(`ETH: ${outcome?.reason ?? "not netted"}`);
  return outcome.net;
}
