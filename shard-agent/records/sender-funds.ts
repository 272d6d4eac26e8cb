import type { Address } from "#shared/units/ids.ts";

/** A sender that cannot pay for what it should send, in wei. */
export type SenderShortage = {
  readonly address: Address;
  readonly heldWei: bigint;
  readonly neededWei: bigint;
};
