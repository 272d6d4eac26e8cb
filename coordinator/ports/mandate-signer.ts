import type { Address, Hex } from "#shared/units/ids.ts";
import type { Mandate } from "#shared/wire/rebalance-job.ts";

/** Vault a signature is for. */
type VaultRef = { readonly chainId: number; readonly vault: Address };

/** The planner's key. Signing the same thing twice gives the same bytes. */
export type MandateSigner = {
  readonly address: Address;
  readonly signMandate: (mandate: Mandate, vault: VaultRef) => Promise<Hex>;
  readonly signEpochBump: (
    expectedEpoch: number,
    newLeader: Address,
    vault: VaultRef,
  ) => Promise<Hex>;
};
