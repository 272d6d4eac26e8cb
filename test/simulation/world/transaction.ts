import type { Address, Hex } from "#shared/units/ids.ts";
import type { JobParams, Mandate } from "#shared/wire/rebalance-job.ts";
import type { VenueName } from "#test/simulation/world/site.ts";

/** What a transaction asks of a shard's contracts. */
export type ChainCall =
  | {
      readonly kind: "mandate";
      readonly mandate: Mandate;
      readonly params: JobParams;
      /** What the vault computes itself: hash of the parameters, accounts that signed. */
      readonly paramsHash: Hex;
      readonly signers: readonly Address[];
    }
  /** A call that anyone may make to help a message on. */
  | {
      readonly kind: "recover";
      readonly step: "commit" | "receive";
      readonly guid: Hex;
      readonly payloadHash: Hex;
    }
  | { readonly kind: "settle"; readonly seriesId: Hex; readonly roundId: bigint }
  | {
      readonly kind: "bump";
      readonly expectedEpoch: number;
      readonly leader: Address;
      readonly signers: readonly Address[];
    }
  /** Pays the option account's longs that are over; anyone may. */
  | { readonly kind: "upkeep" }
  | { readonly kind: "nothing" };

export type Transaction = {
  readonly hash: Hex;
  readonly from: Address;
  readonly nonce: number;
  readonly maxFeeWei: bigint;
  readonly priorityWei: bigint;
  readonly valueWei: bigint;
  readonly call: ChainCall;
};

/** What a transaction left behind in its block. */
export type ChainEvent =
  | {
      readonly type: "consumed";
      readonly jobId: Hex;
      readonly action: number;
      readonly epoch: number;
      readonly leader: Address;
      readonly shard: Hex;
      readonly paramsHash: Hex;
      readonly transactionHash: Hex;
    }
  | {
      readonly type: "swap";
      readonly jobId: Hex;
      readonly isBuy: boolean;
      readonly amountInRaw: bigint;
      readonly amountOutRaw: bigint;
      readonly notionalRaw: bigint;
    }
  | {
      readonly type: "sent";
      readonly jobId: Hex;
      readonly guid: Hex;
      readonly dstEid: number;
      readonly nonce: number;
      readonly receiver: Address;
      readonly message: Hex;
      readonly amountRaw: bigint;
      readonly nativeFeeWei: bigint;
    }
  | {
      readonly type: "received";
      readonly guid: Hex;
      readonly srcEid: number;
      readonly amountRaw: bigint;
    }
  /** Cash between the vault and its account at a venue; positive into the venue. */
  | {
      readonly type: "venue";
      readonly jobId: Hex;
      readonly venue: VenueName;
      readonly amountRaw: bigint;
      readonly gainedRaw: bigint;
    }
  | {
      readonly type: "perp";
      readonly jobId: Hex;
      readonly sizeE18: bigint;
      /** Paid for a buy, received for a sale; positive. */
      readonly quoteE18: bigint;
    }
  | {
      readonly type: "option";
      readonly jobId: Hex;
      readonly strikeId: number;
      readonly isCall: boolean;
      /** Positive bought. */
      readonly quantityE18: bigint;
      /** Settlement asset paid or received; positive. */
      readonly amountRaw: bigint;
    }
  /** A long that is over, paid at `atE8`. */
  | {
      readonly type: "option-paid";
      readonly strikeId: number;
      readonly isCall: boolean;
      readonly quantityE18: bigint;
      readonly strikeE8: bigint;
      readonly atE8: bigint;
      readonly payoutRaw: bigint;
    }
  /** What one unit of a perpetual position owes more than before, USD with 18 decimals. */
  | { readonly type: "funding"; readonly growthE18: bigint }
  /** A stranger closed some of the perpetual position. */
  | {
      readonly type: "liquidated";
      readonly sizeE18: bigint;
      readonly quoteE18: bigint;
      readonly penaltyE18: bigint;
    }
  /** The admin set what may lie at a venue. */
  | { readonly type: "cap"; readonly venue: VenueName; readonly capRaw: bigint }
  /** Others than our mandates used the vault's window of trades. */
  | { readonly type: "spent"; readonly notionalRaw: bigint }
  | { readonly type: "bumped"; readonly epoch: number; readonly leader: Address }
  /** Premiums and payoffs between the vault and takers; positive to the vault. */
  | { readonly type: "takers"; readonly amountRaw: bigint };

/** What a mandate did, beside being consumed. */
export type Effect = Extract<ChainEvent, { type: "swap" | "sent" | "venue" | "perp" | "option" }>;

export function isEffect(event: ChainEvent): event is Effect {
  return ["swap", "sent", "venue", "perp", "option"].includes(event.type);
}

/** What was given and what was got, as reports and receipts say it (shard-agent/adapters/sending/viem-job-events.ts). */
export function amountsOf(effect: Effect | undefined): {
  readonly amountInRaw: bigint;
  readonly amountOutRaw: bigint;
} {
  switch (effect?.type) {
    case "swap":
      return effect;
    case "sent":
      return { amountInRaw: effect.amountRaw, amountOutRaw: effect.amountRaw };
    case "venue": {
      const { amountRaw, gainedRaw } = effect;
      return { amountInRaw: amountRaw < 0n ? -amountRaw : amountRaw, amountOutRaw: gainedRaw };
    }
    case "perp": {
      const { sizeE18, quoteE18 } = effect;
      return sizeE18 > 0n
        ? { amountInRaw: quoteE18, amountOutRaw: sizeE18 }
        : { amountInRaw: -sizeE18, amountOutRaw: quoteE18 };
    }
    case "option": {
      const { quantityE18, amountRaw } = effect;
      return quantityE18 > 0n
        ? { amountInRaw: amountRaw, amountOutRaw: quantityE18 }
        : { amountInRaw: -quantityE18, amountOutRaw: amountRaw };
    }
    case undefined:
      return { amountInRaw: 0n, amountOutRaw: 0n };
  }
}
