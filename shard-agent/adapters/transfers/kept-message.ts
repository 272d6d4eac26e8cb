import type { PacketPath } from "#shared/evm/layerzero-packet.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { ExpectedTransfer } from "#shared/wire/transfer-line.ts";

/** Where a shard's messages leave and arrive. */
export type TransferContracts = {
  readonly vault: Address;
  readonly endpoint: Address;
  readonly endpointId: number;
  /** The OFT that is the vault's settlement asset. */
  readonly token: Address;
  /** Null when arrivals are not looked at. */
  readonly layerZero: {
    readonly receiveUln: Address;
    readonly executor: Address;
    /** How far back events of one message are searched for. */
    readonly lookbackBlocks: number;
  } | null;
};

/** The same where arrivals are looked at. */
export type ArrivalContracts = TransferContracts & {
  readonly layerZero: NonNullable<TransferContracts["layerZero"]>;
};

/** One expected message with what the endpoint keeps for it. */
export type KeptMessage = {
  readonly expected: ExpectedTransfer;
  readonly path: PacketPath;
  readonly guid: Hex;
  readonly committedHash: Hex | null;
  readonly inboundNonce: bigint;
  readonly lazyInboundNonce: bigint;
};

/** True when the endpoint keeps no payload for a nonce that it counts as executed. */
export function isGone(one: KeptMessage): boolean {
  return one.committedHash === null && one.path.nonce <= one.lazyInboundNonce;
}
