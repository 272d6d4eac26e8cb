import type { Caps } from "#shared/wire/report-caps.ts";
import { heldAtRaw } from "#test/simulation/desk/held.ts";
import { levelOf } from "#test/simulation/desk/windows.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import {
  type Site,
  VAULT_LIMITS,
  VENUE_NAMES,
  type VenueName,
} from "#test/simulation/world/site.ts";

/** What the desk counts against a venue's cap: while what is held there says too little, what was put there. */
export function placedAtRaw(state: ShardState, venue: VenueName): bigint {
  const heldRaw = heldAtRaw(state, venue);
  if (isExact(state, venue)) return heldRaw;
  return largerOf(state.desk.placedRaw[venue], heldRaw);
}

function isExact({ desk }: ShardState, venue: VenueName): boolean {
  if (venue === "curie") return desk.perp.sizeE18 === 0n;
  return venue !== "lyra" || desk.options.longs.length === 0;
}

/** The desk's own count after a move of cash. */
export function noteMove(
  state: ShardState,
  venue: VenueName,
  amountRaw: bigint,
): ShardState["desk"] {
  const before = amountRaw > 0n ? placedAtRaw(state, venue) : state.desk.placedRaw[venue];
  const after = before + amountRaw;
  const placedRaw = { ...state.desk.placedRaw, [venue]: after > 0n ? after : 0n };
  return { ...state.desk, placedRaw };
}

/** What the vault's windows and the desk's caps still let mandates do in a block of that time: CapsView.capsLeft. */
export function capsLeftOf(state: ShardState, site: Site, nowSeconds: number): Caps {
  const left = (capRaw: bigint, usedRaw: bigint): string =>
    (usedRaw < capRaw ? capRaw - usedRaw : 0n).toString();
  const { swapWindowCapRaw, transferWindowCapRaw } = VAULT_LIMITS;
  return {
    tradesLeftRaw: left(swapWindowCapRaw, levelOf(state.swapWindow, swapWindowCapRaw, nowSeconds)),
    transfersLeftRaw: left(
      transferWindowCapRaw,
      levelOf(state.transferWindow, transferWindowCapRaw, nowSeconds),
    ),
    venues: VENUE_NAMES.flatMap((venue) => {
      const adapter = site.venues[venue];
      if (adapter === null) return [];
      const capRaw = state.desk.caps[venue];
      return [{ adapter, leftRaw: left(capRaw, placedAtRaw(state, venue)), mayGrow: capRaw > 0n }];
    }),
  };
}

function largerOf(one: bigint, other: bigint): bigint {
  if (one > other) return one;
  return other;
}
