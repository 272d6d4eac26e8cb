import type { RawSeries } from "#shard-agent/records/shard-snapshot.ts";
import type { Hex } from "#shared/units/ids.ts";
import { atDesk, type DeskOp } from "#test/simulation/desk/desk-op.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";

/** What the world itself does on a chain: feeds, takers, deliveries of the bridge. */
export type WorldOp =
  | { readonly kind: "price"; readonly priceE8: bigint }
  /** Venues take no supply and no trades, or do again. */
  | { readonly kind: "venues"; readonly isClosed: boolean }
  | DeskOp
  | {
      readonly kind: "trade";
      readonly series: Omit<RawSeries, "takersLongE18" | "takersShortE18">;
      /** What takers buy of the vault; negative sold to it. */
      readonly quantityE18: bigint;
      /** Positive to the vault. */
      readonly premiumRaw: bigint;
    }
  /** The DVNs' and the committer's work, and what became of the executor's first attempt. */
  | {
      readonly kind: "verify";
      readonly guid: Hex;
      readonly srcEid: number;
      readonly amountRaw: bigint;
      readonly payloadHash: Hex;
      readonly stage: "attested" | "verified";
      readonly hasFailed: boolean;
    }
  | {
      readonly kind: "receive";
      readonly guid: Hex;
      readonly srcEid: number;
      readonly amountRaw: bigint;
    };

export type OpOutcome = { readonly state: ShardState; readonly events: readonly ChainEvent[] };

export function applyOp(state: ShardState, op: WorldOp, timestampMs: number): OpOutcome {
  switch (op.kind) {
    case "price":
      return { state: pushPrice(state, op.priceE8, timestampMs), events: [] };
    case "venues":
      return { state: { ...state, desk: { ...state.desk, isClosed: op.isClosed } }, events: [] };
    case "trade":
      return trade(state, op, timestampMs);
    case "funding":
    case "liquidate":
    case "cap":
    case "spend":
    case "refuse":
    case "end-board":
      return atDesk(state, op, timestampMs);
    case "verify":
      return verify(state, op, timestampMs);
    case "receive":
      return receive(state, op);
  }
}

function pushPrice(state: ShardState, priceE8: bigint, timestampMs: number): ShardState {
  const roundId = BigInt(state.rounds.length + 1);
  return {
    ...state,
    rounds: [...state.rounds, { priceE8, roundId, updatedAtMs: timestampMs }],
    settlementUpdatedAtMs: timestampMs,
    volatilityUpdatedAtMs: timestampMs,
  };
}

function trade(
  state: ShardState,
  op: Extract<WorldOp, { kind: "trade" }>,
  timestampMs: number,
): OpOutcome {
  const isLive = Number(op.series.expirySeconds) * 1000 > timestampMs;
  const isPayable = state.settlementRaw + op.premiumRaw >= 0n;
  if (!isLive || !isPayable) return { state, events: [] };
  const known = state.series.find((one) => one.seriesId === op.series.seriesId);
  const before = known ?? { ...op.series, takersLongE18: 0n, takersShortE18: 0n };
  const net = before.takersLongE18 - before.takersShortE18 + op.quantityE18;
  // Only puts can be written by takers; more than they hold of a call cannot be sold.
  if (op.series.isCall && net < 0n) return { state, events: [] };
  const after = {
    ...before,
    takersLongE18: net > 0n ? net : 0n,
    takersShortE18: net < 0n ? -net : 0n,
  };
  const others = state.series.filter((one) => one.seriesId !== op.series.seriesId);
  return {
    state: {
      ...state,
      series: net === 0n ? others : [...others, after],
      settlementRaw: state.settlementRaw + op.premiumRaw,
    },
    events: [{ type: "takers", amountRaw: op.premiumRaw }],
  };
}

function verify(
  state: ShardState,
  op: Extract<WorldOp, { kind: "verify" }>,
  timestampMs: number,
): OpOutcome {
  if (state.received.has(op.guid) || state.messages.has(op.guid)) return { state, events: [] };
  const { guid, srcEid, amountRaw, payloadHash, stage, hasFailed } = op;
  const failedAtMs = hasFailed ? timestampMs : null;
  const message = { srcEid, amountRaw, payloadHash, stage, failedAtMs };
  return { state: { ...state, messages: new Map(state.messages).set(guid, message) }, events: [] };
}

/** The endpoint forgets the message, the token credits the vault. */
export function receive(
  state: ShardState,
  op: Omit<Extract<WorldOp, { kind: "receive" }>, "kind">,
): OpOutcome {
  // The endpoint clears a message once; a second delivery reverts.
  if (state.received.has(op.guid)) return { state, events: [] };
  const { guid, srcEid, amountRaw } = op;
  const messages = new Map(state.messages);
  messages.delete(guid);
  return {
    state: {
      ...state,
      messages,
      received: new Set(state.received).add(guid),
      settlementRaw: state.settlementRaw + amountRaw,
    },
    events: [{ type: "received", guid, srcEid, amountRaw }],
  };
}
