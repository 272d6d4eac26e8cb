import type { Address, Hex } from "#shared/units/ids.ts";
import type { JobParams, Mandate } from "#shared/wire/rebalance-job.ts";

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
  | { readonly type: "bumped"; readonly epoch: number; readonly leader: Address }
  /** Premiums and payoffs between the vault and takers; positive to the vault. */
  | { readonly type: "takers"; readonly amountRaw: bigint };
