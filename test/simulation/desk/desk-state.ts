import type { VenueName } from "#test/simulation/world/site.ts";

/** The vault's accounts at a lending pool, at a perpetual market and at an option market, and what its desk allows of them. */
export type DeskState = {
  readonly suppliedRaw: bigint;
  readonly perp: PerpAccount;
  readonly options: OptionAccount;
  readonly caps: VenueCaps;
  /** Put into each venue beyond what was taken out, as the desk counts it. */
  readonly placedRaw: VenueCaps;
  /** No supply and no trades are taken. */
  readonly isClosed: boolean;
};

/** Settlement asset raw, for each venue. */
export type VenueCaps = Readonly<Record<VenueName, bigint>>;

export type PerpAccount = {
  /** Margin put in less what was taken out. */
  readonly marginRaw: bigint;
  readonly sizeE18: bigint;
  /** What all trades have cost, less what they brought, with funding paid and penalties; USD with 18 decimals. */
  readonly openE18: bigint;
  /** Funding since it was last settled; positive: the account owes it. USD with 18 decimals. */
  readonly fundingE18: bigint;
  /** What a long pays a short per day, as a fraction of size times price, 18 decimals. */
  readonly ratePerDayE18: bigint;
  readonly fundedAtSeconds: number;
};

type OptionAccount = {
  /** Settlement asset in the account. */
  readonly cashRaw: bigint;
  /** None twice; none of nothing. */
  readonly longs: readonly Long[];
  readonly strikes: readonly Strike[];
  /** Boards that the venue has ended before their time, with the price they are paid at, 8 decimals. */
  readonly ended: ReadonlyMap<number, bigint>;
};

export type Long = {
  readonly strikeId: number;
  readonly isCall: boolean;
  readonly quantityE18: bigint;
};

/** The venue's own number of a strike, and the board it is listed on: a board has one expiry. */
export type Strike = {
  readonly strikeId: number;
  readonly board: number;
  readonly strikeE8: bigint;
  readonly expirySeconds: bigint;
};
