import type { Address, Hex } from "#shared/units/ids.ts";

/** What only hashing can say of a recovery, and what it is allowed to be about. */
export type RecoveryProofs = {
  /** Id of the attempt as received. */
  readonly recoveryId: Hex;
  /** Guid that path, receiver and the agent's own endpoint id give. */
  readonly guid: Hex;
  /** keccak256(guid, message) as received. */
  readonly payloadHash: Hex;
  /** Account the message credits, left-padded; null when it is no plain token message. */
  readonly recipient: Hex | null;
  /** The vault's settlement token: the only receiver that is helped. */
  readonly ownToken: Address;
  /** The vault, left-padded: the only recipient that is helped. */
  readonly ownVault: Hex;
};
