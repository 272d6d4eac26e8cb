import type { Address, Hex } from "#shared/units/ids.ts";
import {
  bookAtDesk,
  type DeskEvent,
  type DeskPage,
  deskBreach,
  deskDifferences,
  deskPageOf,
  premiumRaw,
} from "#test/simulation/check/desk-page.ts";
import { marginRatioE18 } from "#test/simulation/desk/perp-market.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import { VAULT_LIMITS } from "#test/simulation/world/site.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";

/** Accounts of one vault after one block, kept from events alone. */
type Page = {
  readonly epoch: number;
  readonly leader: Address;
  readonly settlementRaw: bigint;
  readonly hedgeRaw: bigint;
  readonly desk: DeskPage;
  readonly takersRaw: bigint;
  /** Net of what the pool and the option market gave and took. */
  readonly poolRaw: bigint;
  readonly consumed: ReadonlySet<Hex>;
  readonly sent: ReadonlyMap<Hex, { readonly amountRaw: bigint; readonly dstEid: number }>;
  readonly received: ReadonlyMap<Hex, bigint>;
  readonly swapLevel: Level;
  readonly transferLevel: Level;
  /** Hedge units ever traded, for the check of oscillation. */
  readonly tradedRaw: bigint;
};

/** As the policy asks of every mandate that adds to a position, less what a price may move within the block. */
const MARGIN_FLOOR_E18 = 10n ** 17n;

type Level = { readonly raw: bigint; readonly atSeconds: number };

export type Violate = (id: string, detail: string) => void;

/** Books the vaults' events a second time, block by block, along every branch. */
export type Ledger = {
  readonly add: (chain: SimChain, block: SimBlock, violate: Violate) => void;
  readonly pageOf: (block: SimBlock) => Page;
};

export function newLedger(chains: readonly SimChain[]): Ledger {
  const pages = new Map<Hex, Page>();
  for (const chain of chains) {
    const { header, state } = chain.head();
    pages.set(header.hash, {
      epoch: state.epoch,
      leader: state.leader,
      settlementRaw: state.settlementRaw,
      hedgeRaw: state.hedgeRaw,
      desk: deskPageOf(state.desk),
      takersRaw: 0n,
      poolRaw: 0n,
      consumed: new Set(),
      sent: new Map(),
      received: new Map(),
      swapLevel: { raw: 0n, atSeconds: header.timestampMs / 1000 },
      transferLevel: { raw: 0n, atSeconds: header.timestampMs / 1000 },
      tradedRaw: 0n,
    });
  }
  const pageOf = (hash: Hex): Page => {
    const page = pages.get(hash);
    if (page === undefined) throw new RangeError(`${hash}: no page`);
    return page;
  };
  return {
    pageOf: (block) => pageOf(block.header.hash),
    add: (chain, block, violate) => {
      const { shard } = chain.site;
      let page = pageOf(block.header.parentHash);
      const where = `${shard} block ${block.header.number}`;
      for (const event of block.events) {
        check(page, event, (id, detail) => violate(id, `${where}: ${detail}`));
        page = book(page, event, block.header.timestampMs / 1000);
        checkLevels(page, (detail) => violate("I6", `${where}: ${detail}`));
      }
      const { settlementRaw, hedgeRaw } = block.state;
      if (page.settlementRaw !== settlementRaw || page.hedgeRaw !== hedgeRaw)
        violate(
          "I3",
          `${where}: the vault has ${settlementRaw} and ${hedgeRaw}, its events give ${page.settlementRaw} and ${page.hedgeRaw}`,
        );
      const ratioE18 = marginRatioE18(block.state);
      const isTraded = block.events.some((one) => one.type === "perp");
      if (isTraded && ratioE18 !== null && ratioE18 < MARGIN_FLOOR_E18)
        violate("I6", `${where}: a trade left a margin ratio of ${ratioE18}`);
      for (const difference of deskDifferences(page.desk, block.state.desk))
        violate("I3", `${where}: ${difference}`);
      pages.set(block.header.hash, page);
    },
  };
}

function check(page: Page, event: ChainEvent, violate: Violate): void {
  if (event.type === "consumed") {
    if (page.consumed.has(event.jobId)) violate("I1", `${event.jobId} was consumed again`);
    if (event.epoch !== page.epoch || event.leader !== page.leader)
      violate("I7", `${event.jobId} of epoch ${event.epoch} took effect in epoch ${page.epoch}`);
  }
  if (isAtDesk(event)) {
    const breach = deskBreach(page.desk, event);
    if (breach !== undefined) violate("I6", breach);
  }
  if (event.type === "received" && page.received.has(event.guid))
    violate("I3", `${event.guid} was credited twice`);
  if (event.type === "sent" && page.sent.has(event.guid))
    violate("I3", `${event.guid} was sent twice`);
}

function isAtDesk(event: ChainEvent): event is DeskEvent {
  return ["venue", "perp", "funding", "liquidated", "option", "option-paid", "cap"].includes(
    event.type,
  );
}

function book(page: Page, event: ChainEvent, atSeconds: number): Page {
  switch (event.type) {
    case "consumed":
      return { ...page, consumed: new Set(page.consumed).add(event.jobId) };
    case "swap":
      return bookSwap(page, event, atSeconds);
    case "sent":
      return {
        ...page,
        settlementRaw: page.settlementRaw - event.amountRaw,
        sent: new Map(page.sent).set(event.guid, event),
        transferLevel: raise(page.transferLevel, event.amountRaw, {
          cap: VAULT_LIMITS.transferWindowCapRaw,
          atSeconds,
        }),
      };
    case "received":
      return {
        ...page,
        settlementRaw: page.settlementRaw + event.amountRaw,
        received: new Map(page.received).set(event.guid, event.amountRaw),
      };
    case "venue": {
      const settlementRaw = page.settlementRaw - event.amountRaw;
      return { ...page, settlementRaw, desk: bookAtDesk(page.desk, event) };
    }
    case "perp":
      return bookPerp(page, event, atSeconds);
    case "option":
    case "option-paid":
      return bookOption(page, event);
    case "funding":
    case "liquidated":
    case "cap":
      return { ...page, desk: bookAtDesk(page.desk, event) };
    case "spent":
      return spend(page, event.notionalRaw, atSeconds);
    case "bumped":
      return { ...page, epoch: event.epoch, leader: event.leader };
    case "takers":
      return {
        ...page,
        settlementRaw: page.settlementRaw + event.amountRaw,
        takersRaw: page.takersRaw + event.amountRaw,
      };
  }
}

function bookSwap(
  page: Page,
  event: Extract<ChainEvent, { type: "swap" }>,
  atSeconds: number,
): Page {
  const { isBuy, amountInRaw, amountOutRaw } = event;
  const settlement = isBuy ? -amountInRaw : amountOutRaw;
  const hedge = isBuy ? amountOutRaw : -amountInRaw;
  const cap = VAULT_LIMITS.swapWindowCapRaw;
  return {
    ...page,
    settlementRaw: page.settlementRaw + settlement,
    poolRaw: page.poolRaw + settlement,
    hedgeRaw: page.hedgeRaw + hedge,
    swapLevel: raise(page.swapLevel, event.notionalRaw, { cap, atSeconds }),
    tradedRaw: page.tradedRaw + (hedge > 0n ? hedge : -hedge),
  };
}

/** Counted at what was paid or received, which is a little off the feed's price that the window counts. */
function bookPerp(
  page: Page,
  event: Extract<ChainEvent, { type: "perp" }>,
  atSeconds: number,
): Page {
  const { sizeE18, quoteE18 } = event;
  return {
    ...spend(page, (quoteE18 * 99n) / 10n ** 14n, atSeconds),
    desk: bookAtDesk(page.desk, event),
    tradedRaw: page.tradedRaw + (sizeE18 > 0n ? sizeE18 : -sizeE18),
  };
}

function bookOption(
  page: Page,
  event: Extract<ChainEvent, { type: "option" | "option-paid" }>,
): Page {
  const poolRaw = page.poolRaw + premiumRaw(event);
  return { ...page, poolRaw, desk: bookAtDesk(page.desk, event) };
}

function spend(page: Page, raw: bigint, atSeconds: number): Page {
  const cap = VAULT_LIMITS.swapWindowCapRaw;
  return { ...page, swapLevel: raise(page.swapLevel, raw, { cap, atSeconds }) };
}

/** A bucket that empties evenly over the window. */
function raise(
  level: Level,
  amountRaw: bigint,
  o: { readonly cap: bigint; readonly atSeconds: number },
): Level {
  const seconds = BigInt(Math.min(VAULT_LIMITS.windowSeconds, o.atSeconds - level.atSeconds));
  const rest = level.raw - (o.cap * seconds) / BigInt(VAULT_LIMITS.windowSeconds);
  return { raw: (rest > 0n ? rest : 0n) + amountRaw, atSeconds: o.atSeconds };
}

function checkLevels(page: Page, violate: (detail: string) => void): void {
  if (page.swapLevel.raw > VAULT_LIMITS.swapWindowCapRaw)
    violate(`swaps of ${page.swapLevel.raw} in one window`);
  if (page.transferLevel.raw > VAULT_LIMITS.transferWindowCapRaw)
    violate(`transfers of ${page.transferLevel.raw} in one window`);
}
