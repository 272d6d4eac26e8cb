import type { Address, Hex } from "#shared/units/ids.ts";
import type { Attestations, ExpectedTransfer } from "#shared/wire/transfer-line.ts";

/** Payload hash the endpoint keeps for a message that must be verified anew before it may be delivered. */
export const NILIFIED_HASH: Hex = `0x${"f".repeat(64)}`;

/** A failed delivery as somebody reported it to the endpoint: anyone may report anything. */
export type DeliveryAlert = {
  readonly blockNumber: number;
  readonly executor: Address;
  readonly payloadHash: Hex;
  /** What the receiver reverted with; "0x" when it ran out of gas. */
  readonly reason: Hex;
};

/** What the target's chain says of one expected message at one block. */
export type TransferEvidence = {
  readonly expected: ExpectedTransfer;
  /** Id that the path, this chain's receiver and endpoint id really give. */
  readonly guid: Hex;
  /** Block of PacketDelivered; `isCredited` when the token told of it in the same transaction. */
  readonly delivered: { readonly blockNumber: number; readonly isCredited: boolean } | null;
  readonly burntInBlock: number | null;
  readonly skippedInBlock: number | null;
  /** The endpoint's payload hash of this nonce; null when it keeps none. */
  readonly committedHash: Hex | null;
  /** Highest nonce below which every message is verified. */
  readonly inboundNonce: bigint;
  /** Highest nonce that was executed, cleared or skipped. */
  readonly lazyInboundNonce: bigint;
  readonly alerts: readonly DeliveryAlert[];
  /** False when the receiver has no peer for the sender. */
  readonly isInitializable: boolean;
  /** Null when the verification library does not know any more. */
  readonly attestations: Attestations | null;
};
