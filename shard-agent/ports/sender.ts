import type { GasFees } from "#shard-agent/records/gas-fees.ts";
import type { SignedTransaction } from "#shard-agent/records/journal-entry.ts";
import type { SigningIntent } from "#shard-agent/records/signing-intent.ts";
import { FatalError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

/** One call of a contract, paid by the agent's sender. */
export type ContractCall = { readonly to: Address; readonly data: Hex; readonly valueWei: bigint };

/** Gas of a call and the base fee it was found at; a call that would revert is a value. */
export type PreparedCall =
  | {
      readonly reverts: false;
      readonly gasLimit: bigint;
      readonly baseFeeWei: bigint;
      readonly headTimestampMs: number;
    }
  | { readonly reverts: true; readonly detail: string };

/**
 * What became of a broadcast. `not_submitted`: the node refused the bytes. `unknown`: the answer was
 * lost, the node may have them. `submitted`: the node has them; `isNew` when it did not have them before.
 */
export type BroadcastOutcome = {
  readonly outcome: "not_submitted" | "unknown" | "submitted";
  readonly isNew: boolean;
  readonly detail: string;
};

/** What was to be signed is beyond the configured most, whatever its entry allows; nothing is signed. */
export class SigningCeilingError extends FatalError {
  /** When it will not be any more, as far as that is a matter of time alone; else null. */
  readonly liftsAtMs: number | null;
  constructor(what: string, liftsAtMs: number | null) {
    super("signing-ceiling", `Transaction: ${what}; it is not signed`);
    this.liftsAtMs = liftsAtMs;
  }
}

/**
 * Signs and sends; keeps no state of its own. Signing throws FatalError `signing-refused` for anything
 * but what the intent allows, {@link SigningCeilingError}, and RetryableError `signer-unreachable`.
 */
export type Sender = {
  readonly address: Address;
  /** Simulates on the pending block; throws RetryableError `rpc-failed`, `rpc-quorum` or `sender-unfunded`. */
  readonly prepare: (call: ContractCall) => Promise<PreparedCall>;
  readonly sign: (
    call: ContractCall,
    o: GasFees & {
      readonly nonce: number;
      readonly gasLimit: bigint;
      readonly intent: SigningIntent;
    },
  ) => Promise<SignedTransaction>;
  /** The same call with the same nonce and gas at other fees. */
  readonly signAgain: (
    raw: Hex,
    fees: GasFees,
    intent: SigningIntent,
  ) => Promise<SignedTransaction>;
  /** Never throws. */
  readonly broadcast: (raw: Hex) => Promise<BroadcastOutcome>;
};

/** Runs tasks strictly one after the other: one key, one lane, one order of nonces. */
export type Lane = { readonly run: <T>(task: () => Promise<T>) => Promise<T> };
