import { endBoard } from "#test/simulation/desk/option-market.ts";
import { fund, liquidate } from "#test/simulation/desk/perp-market.ts";
import { fill, levelOf } from "#test/simulation/desk/windows.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import { VAULT_LIMITS, type VenueName } from "#test/simulation/world/site.ts";
import type { OpOutcome } from "#test/simulation/world/world-op.ts";

/** What others than the vault do to its accounts at venues, and to what its desk allows of them. */
export type DeskOp =
  /** The rate from now on; until now funding grows at the one before. */
  | { readonly kind: "funding"; readonly ratePerDayE18: bigint }
  /** A stranger liquidates, at the venue's price of the moment. */
  | { readonly kind: "liquidate"; readonly atE8: bigint }
  /** The admin sets what may lie at a venue. */
  | { readonly kind: "cap"; readonly venue: VenueName; readonly capRaw: bigint }
  /** Somebody else's trades leave this share of the vault's window of trades, in thousandths of its cap. */
  | { readonly kind: "spend"; readonly leftThousandths: bigint }
  /** The pool takes no swaps one way, and its price and depth do not show it; null: it takes both again. */
  | { readonly kind: "refuse"; readonly way: ShardState["poolRefuses"] }
  /** The option venue ends a board before its time. */
  | { readonly kind: "end-board"; readonly board: number };

export function atDesk(state: ShardState, op: DeskOp, timestampMs: number): OpOutcome {
  const nowSeconds = timestampMs / 1000;
  switch (op.kind) {
    case "funding":
      return fund(state, op.ratePerDayE18, nowSeconds);
    case "liquidate":
      return liquidate(state, op.atE8);
    case "cap": {
      const { venue, capRaw } = op;
      const caps = { ...state.desk.caps, [venue]: capRaw };
      return {
        state: { ...state, desk: { ...state.desk, caps } },
        events: [{ type: "cap", venue, capRaw }],
      };
    }
    case "spend":
      return spend(state, op.leftThousandths, nowSeconds);
    case "refuse":
      return { state: { ...state, poolRefuses: op.way }, events: [] };
    case "end-board":
      return { state: endBoard(state, op.board), events: [] };
  }
}

function spend(state: ShardState, leftThousandths: bigint, nowSeconds: number): OpOutcome {
  const { swapWindowCapRaw: cap } = VAULT_LIMITS;
  const usedRaw = levelOf(state.swapWindow, cap, nowSeconds);
  const notionalRaw = cap - (cap * leftThousandths) / 1_000n - usedRaw;
  if (notionalRaw <= 0n) return { state, events: [] };
  const swapWindow = fill(state.swapWindow, notionalRaw, cap, nowSeconds) ?? state.swapWindow;
  return { state: { ...state, swapWindow }, events: [{ type: "spent", notionalRaw }] };
}
