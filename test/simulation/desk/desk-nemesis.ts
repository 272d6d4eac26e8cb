import type { JobParams } from "#shared/wire/rebalance-job.ts";
import { placedAtRaw } from "#test/simulation/desk/desk-caps.ts";
import { strikeOf } from "#test/simulation/desk/option-market.ts";
import { liquidationPriceE8 } from "#test/simulation/desk/perp-market.ts";
import type { FaultKind, Faults } from "#test/simulation/engine/faults.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import { VENUE_NAMES, type VenueName } from "#test/simulation/world/site.ts";
import type { WorldOp } from "#test/simulation/world/world-op.ts";

/** What one shard's venues, their other users and the desk's admin do in the next block. */
export type DeskNemesis = {
  readonly ops: (chain: SimChain, nowMs: number) => WorldOp[];
  /** Counts what made a difference. */
  readonly observe: (block: SimBlock) => void;
};

const USUAL_RATE = 2e-4;
const LIQUIDATION_MOVE_MAX = 0.7;
/** Reasons for which a mandate reverts once somebody has been faster. */
const FAULT_OF_REASON: Readonly<Record<string, FaultKind>> = {
  CapExceeded: "venue-cap-lowered",
  OnlyReduces: "venue-cap-lowered",
  WindowCapExceeded: "trades-window-used",
  BoardExpired: "option-board-ended",
  PoolRefuses: "pool-refuses",
};

export function newDeskNemesis(faults: Faults): DeskNemesis {
  const admin = newAdmin(faults);
  const refusing = newRefusal(faults);
  let closedUntilMs = 0;
  let spike: { readonly rate: number; readonly untilMs: number } | undefined;
  const closing = ({ site, head }: SimChain, nowMs: number): WorldOp[] => {
    if (site.venues.curie !== null && faults.roll("venue-closed", 0.004)) {
      faults.bit("venue-closed");
      closedUntilMs = nowMs + faults.random.between(5_000, 30_000);
    }
    const isClosed = faults.isActive() && nowMs < closedUntilMs;
    return isClosed === head().state.desk.isClosed ? [] : [{ kind: "venues", isClosed }];
  };
  const funding = ({ site, head }: SimChain, nowMs: number): WorldOp[] => {
    if (site.venues.curie === null) return [];
    if (faults.roll("perp-funding-spike", 0.02)) {
      const size = faults.random.between(0.05, 0.4);
      const rate = faults.random.chance(0.5) ? size : -size;
      spike = { rate, untilMs: nowMs + faults.random.between(10_000, 40_000) };
    }
    const isOn = spike !== undefined && faults.isActive() && nowMs < spike.untilMs;
    if (isOn && head().state.desk.perp.sizeE18 !== 0n) faults.bit("perp-funding-spike");
    const rate = isOn ? (spike?.rate ?? 0) : USUAL_RATE;
    return [{ kind: "funding", ratePerDayE18: BigInt(Math.round(rate * 1e9)) * 10n ** 9n }];
  };
  return {
    ops: (chain, nowMs) => [
      ...closing(chain, nowMs),
      ...funding(chain, nowMs),
      ...liquidation(chain, faults),
      ...admin(chain, nowMs),
      ...ending(chain, faults),
      ...refusing(chain, nowMs),
    ],
    observe: ({ mined, events }) => {
      for (const { reason } of mined) {
        const kind = FAULT_OF_REASON[reason];
        if (kind !== undefined) faults.bit(kind);
      }
      for (const { type } of events) if (type === "liquidated") faults.bit("perp-liquidated");
    },
  };
}

/** A wick of the venue's own price, in which a stranger liquidates. */
function liquidation({ head }: SimChain, faults: Faults): WorldOp[] {
  const { state } = head();
  if (state.desk.perp.sizeE18 === 0n || !faults.roll("perp-liquidated", 0.04)) return [];
  const atE8 = liquidationPriceE8(state, LIQUIDATION_MOVE_MAX);
  return atE8 === undefined ? [] : [{ kind: "liquidate", atE8 }];
}

/** The board of an option that somebody is about to trade ends before its time. */
function ending(chain: SimChain, faults: Faults): WorldOp[] {
  const { state } = chain.head();
  return waiting(chain).flatMap((params): WorldOp[] => {
    if (params.kind !== "option-trade" || !faults.roll("option-board-ended", 0.3)) return [];
    const strike = strikeOf(state, Number(params.strikeId));
    return strike === undefined ? [] : [{ kind: "end-board", board: strike.board }];
  });
}

/** The pool begins to refuse one way just when a swap that way is on its way to it, and does so for a while. */
function newRefusal(faults: Faults): (chain: SimChain, nowMs: number) => WorldOp[] {
  let untilMs = 0;
  return (chain, nowMs) => {
    const { poolRefuses } = chain.head().state;
    if (poolRefuses !== null) {
      const isOver = !faults.isActive() || nowMs >= untilMs;
      return isOver ? [{ kind: "refuse", way: null }] : [];
    }
    const ways = waiting(chain).flatMap((params) => swapWay(params, chain) ?? []);
    const way = ways.find(() => faults.roll("pool-refuses", 0.25));
    if (way === undefined) return [];
    untilMs = nowMs + faults.random.between(15_000, 60_000);
    return [{ kind: "refuse", way }];
  };
}

function swapWay(params: JobParams, { site }: SimChain): "buy" | "sell" | undefined {
  if (params.kind !== "swap" && params.kind !== "swap-exact-output") return undefined;
  return params.assetIn === site.settlementToken ? "buy" : "sell";
}

/** Lowers a venue's cap, or uses the window up, just when a mandate on its way needs it. */
function newAdmin(faults: Faults): (chain: SimChain, nowMs: number) => WorldOp[] {
  const untilMs = new Map<VenueName, number>();
  return (chain, nowMs) => {
    const { state } = chain.head();
    const { site } = chain;
    const usual = chain.at(0)?.state.desk.caps ?? state.desk.caps;
    const params = waiting(chain);
    const ops: WorldOp[] = [];
    for (const venue of VENUE_NAMES) {
      const isNeeded = params.some((one) => "venue" in one && one.venue === site.venues[venue]);
      if (isNeeded && faults.roll("venue-cap-lowered", 0.3)) {
        untilMs.set(venue, nowMs + faults.random.between(8_000, 40_000));
        const capRaw = faults.random.chance(0.5) ? 0n : placedAtRaw(state, venue);
        ops.push({ kind: "cap", venue, capRaw });
        continue;
      }
      const isOver = !faults.isActive() || nowMs >= (untilMs.get(venue) ?? 0);
      if (isOver && state.desk.caps[venue] !== usual[venue])
        ops.push({ kind: "cap", venue, capRaw: usual[venue] });
    }
    const isTrading = params.some(({ kind }) => TRADES.includes(kind));
    if (isTrading && faults.roll("trades-window-used", 0.2))
      ops.push({ kind: "spend", leftThousandths: 5n });
    return ops;
  };
}

const TRADES: readonly JobParams["kind"][] = [
  "swap",
  "swap-exact-output",
  "perp-change",
  "option-trade",
];

/** Mandates that wait in the mempool. */
function waiting(chain: SimChain): JobParams[] {
  return chain.mempool.all().flatMap(({ call }) => (call.kind === "mandate" ? [call.params] : []));
}
