import type { SignedTransaction } from "#shard-agent/records/journal-entry.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

/** One call of a contract, paid by the agent's sender. */
export type ContractCall = { readonly to: Address; readonly data: Hex; readonly valueWei: bigint };

/** Gas and fees of a call; a call that would revert is a value. */
export type PreparedCall =
  | {
      readonly reverts: false;
      readonly gas: bigint;
      readonly maxFeePerGasWei: bigint;
      readonly maxPriorityFeePerGasWei: bigint;
    }
  | { readonly reverts: true; readonly detail: string };

/**
 * What became of a broadcast. `not_submitted`: the node refused the bytes. `unknown`: the answer was
 * lost, the node may have them. `submitted`: the node has them, from now or from before.
 */
export type BroadcastOutcome = {
  readonly outcome: "not_submitted" | "unknown" | "submitted";
  readonly detail: string;
};

/** Signs and sends; keeps no state of its own. */
export type Sender = {
  readonly address: Address;
  /** Simulates on the pending block; throws RetryableError `rpc-failed` when the node does not answer. */
  readonly prepare: (call: ContractCall) => Promise<PreparedCall>;
  readonly sign: (
    call: ContractCall,
    o: {
      nonce: number;
      gas: bigint;
      maxFeePerGasWei: bigint;
      maxPriorityFeePerGasWei: bigint;
    },
  ) => Promise<SignedTransaction>;
  /** Never throws. */
  readonly broadcast: (raw: Hex) => Promise<BroadcastOutcome>;
};

/** Runs tasks strictly one after the other: one key, one lane, one order of nonces. */
export type Lane = { readonly run: <T>(task: () => Promise<T>) => Promise<T> };
