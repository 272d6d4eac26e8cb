import type { DeskState, VenueCaps } from "#test/simulation/desk/desk-state.ts";
import type { VenueName } from "#test/simulation/world/site.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";

/** What the vault has in its accounts at venues, kept from events alone. */
export type DeskPage = {
  readonly suppliedRaw: bigint;
  /** Margin put in less what was taken out. */
  readonly marginRaw: bigint;
  readonly sizeE18: bigint;
  readonly openE18: bigint;
  readonly fundingE18: bigint;
  readonly optionCashRaw: bigint;
  /** Longs by strike and type, 18 decimals; none of nothing. */
  readonly longs: ReadonlyMap<string, bigint>;
  readonly caps: VenueCaps;
};

/** Events that change accounts at venues, or what may lie there. */
export type DeskEvent = Extract<
  ChainEvent,
  { type: "venue" | "perp" | "funding" | "liquidated" | "option" | "option-paid" | "cap" }
>;

const CASH_AT = {
  aave: "suppliedRaw",
  curie: "marginRaw",
  lyra: "optionCashRaw",
} as const satisfies Record<VenueName, keyof DeskPage>;

export function deskPageOf({ suppliedRaw, perp, options, caps }: DeskState): DeskPage {
  const { marginRaw, sizeE18, openE18, fundingE18 } = perp;
  const longs = new Map(options.longs.map((one) => [longKey(one), one.quantityE18]));
  const optionCashRaw = options.cashRaw;
  return { suppliedRaw, marginRaw, sizeE18, openE18, fundingE18, optionCashRaw, longs, caps };
}

/** Cash that lies in the accounts, profits and losses of positions left out. */
export function cashAtVenuesRaw({ suppliedRaw, marginRaw, optionCashRaw }: DeskPage): bigint {
  return suppliedRaw + marginRaw + optionCashRaw;
}

export function bookAtDesk(page: DeskPage, event: DeskEvent): DeskPage {
  switch (event.type) {
    case "venue": {
      const key = CASH_AT[event.venue];
      const settled = event.venue === "curie" ? settledOf(page) : page;
      return { ...settled, [key]: page[key] + event.amountRaw };
    }
    case "perp":
      return closedAt(settledOf(page), event.sizeE18, event.quoteE18);
    case "funding": {
      const owedE18 = (page.sizeE18 * event.growthE18) / 10n ** 18n;
      return { ...page, fundingE18: page.fundingE18 + owedE18 };
    }
    case "liquidated": {
      const { sizeE18, quoteE18, penaltyE18 } = event;
      const after = closedAt(settledOf(page), sizeE18, quoteE18);
      return { ...after, openE18: after.openE18 + penaltyE18 };
    }
    case "option": {
      const { quantityE18, amountRaw } = event;
      const paidRaw = quantityE18 > 0n ? amountRaw : -amountRaw;
      const optionCashRaw = page.optionCashRaw - paidRaw;
      return { ...page, optionCashRaw, longs: moved(page, event, quantityE18) };
    }
    case "option-paid": {
      const optionCashRaw = page.optionCashRaw + payoutRaw(event);
      return { ...page, optionCashRaw, longs: moved(page, event, -event.quantityE18) };
    }
    case "cap":
      return { ...page, caps: { ...page.caps, [event.venue]: event.capRaw } };
  }
}

/** What an option account gives its venue, and a venue its option account, settlement asset; positive to the vault. */
export function premiumRaw(event: DeskEvent): bigint {
  if (event.type === "option-paid") return payoutRaw(event);
  if (event.type !== "option") return 0n;
  return event.quantityE18 > 0n ? -event.amountRaw : event.amountRaw;
}

/** I6: nothing is put where it may not be, and nothing grows at a venue that is being left. */
export function deskBreach(before: DeskPage, event: DeskEvent): string | undefined {
  const after = bookAtDesk(before, event);
  const { caps } = before;
  if (event.type === "venue" && event.amountRaw > 0n) {
    const isBound = event.venue === "curie" ? after.sizeE18 !== 0n : after.longs.size > 0;
    const isCounted = event.venue === "aave" || !isBound;
    const thereRaw = event.venue === "curie" ? valueRaw(after) : after[CASH_AT[event.venue]];
    const leastRaw = isCounted ? thereRaw : event.amountRaw;
    if (leastRaw > caps[event.venue])
      return `${leastRaw} lie at ${event.venue}, which may have ${caps[event.venue]}`;
  }
  const isGrowing = absOf(after.sizeE18) > absOf(before.sizeE18);
  if (event.type === "perp" && isGrowing && caps.curie === 0n)
    return `a position grew to ${after.sizeE18} where nothing may`;
  if (event.type === "option" && event.quantityE18 > 0n && caps.lyra === 0n)
    return `${event.quantityE18} options were bought where nothing may grow`;
  return undefined;
}

/** I3: what the chain has in the accounts that its events do not give. */
export function deskDifferences(page: DeskPage, state: DeskState): string[] {
  const found = deskPageOf(state);
  const amounts = ["suppliedRaw", "marginRaw", "sizeE18", "openE18", "fundingE18"] as const;
  const differing = [...amounts, "optionCashRaw" as const].filter(
    (key) => found[key] !== page[key],
  );
  const longs = new Set([...found.longs.keys(), ...page.longs.keys()]);
  return [
    ...differing.map(
      (key) => `the accounts have ${key} ${found[key]}, their events give ${page[key]}`,
    ),
    ...[...longs]
      .filter((key) => found.longs.get(key) !== page.longs.get(key))
      .map(
        (key) =>
          `the account has ${found.longs.get(key)} of ${key}, its events give ${page.longs.get(key)}`,
      ),
  ];
}

/** Margin left once the position is gone. */
function valueRaw({ marginRaw, openE18, fundingE18 }: DeskPage): bigint {
  const value = marginRaw - (openE18 + fundingE18) / 10n ** 12n;
  return value < marginRaw ? value : marginRaw;
}

function settledOf(page: DeskPage): DeskPage {
  return { ...page, openE18: page.openE18 + page.fundingE18, fundingE18: 0n };
}

function closedAt(page: DeskPage, sizeE18: bigint, quoteE18: bigint): DeskPage {
  const openE18 = page.openE18 + (sizeE18 > 0n ? quoteE18 : -quoteE18);
  return { ...page, sizeE18: page.sizeE18 + sizeE18, openE18 };
}

function payoutRaw(event: Extract<DeskEvent, { type: "option-paid" }>): bigint {
  const { isCall, strikeE8, atE8, quantityE18 } = event;
  const eachE8 = isCall ? atE8 - strikeE8 : strikeE8 - atE8;
  return eachE8 > 0n ? (quantityE18 * eachE8) / 10n ** 20n : 0n;
}

export function longKey(one: { readonly strikeId: number; readonly isCall: boolean }): string {
  return `${one.strikeId} ${one.isCall ? "call" : "put"}`;
}

function moved(
  { longs }: DeskPage,
  event: { readonly strikeId: number; readonly isCall: boolean },
  changeE18: bigint,
): Map<string, bigint> {
  const key = longKey(event);
  const after = new Map(longs).set(key, (longs.get(key) ?? 0n) + changeE18);
  if (after.get(key) === 0n) after.delete(key);
  return after;
}

function absOf(value: bigint): bigint {
  return value < 0n ? -value : value;
}
