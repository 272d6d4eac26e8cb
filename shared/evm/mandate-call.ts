import { type Address, encodeFunctionData, type Hex } from "viem";
import { FatalError } from "#shared/errors.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import { mandateStruct } from "#shared/evm/mandate-typed-data.ts";
import {
  lendMoveStruct,
  marginMoveStruct,
  optionTradeStruct,
  perpChangeStruct,
  swapExactOutputStruct,
  swapStruct,
  transferStruct,
} from "#shared/evm/params-typed-data.ts";
import type { JobParams, Mandate } from "#shared/wire/rebalance-job.ts";

/** A mandate with what it permits and who permitted it. */
export type SignedMandate = {
  readonly mandate: Mandate;
  readonly params: JobParams;
  readonly signatures: readonly Hex[];
};

/** Contracts that take mandates; `venueDesk` is null where the vault has none. */
export type MandateContracts = { readonly vault: Address; readonly venueDesk: Address | null };

/**
 * The contract call by which anyone may submit a mandate.
 *
 * @throws {FatalError} `unknown-venue` if the action is the desk's and there is no desk.
 */
export function mandateCall(
  signed: SignedMandate,
  contracts: MandateContracts,
): { readonly to: Address; readonly data: Hex } {
  const { kind } = signed.params;
  const isVaults = kind === "swap" || kind === "swap-exact-output" || kind === "transfer";
  return { to: isVaults ? contracts.vault : deskOf(contracts), data: callData(signed) };
}

function callData({ mandate, params, signatures }: SignedMandate): Hex {
  const struct = mandateStruct(mandate);
  switch (params.kind) {
    case "swap": {
      const args = [struct, swapStruct(params), signatures] as const;
      return encodeFunctionData({ abi: shardVaultAbi, functionName: "executeSwap", args });
    }
    case "swap-exact-output": {
      const args = [struct, swapExactOutputStruct(params), signatures] as const;
      const functionName = "executeSwapExactOutput";
      return encodeFunctionData({ abi: shardVaultAbi, functionName, args });
    }
    case "transfer": {
      const args = [struct, transferStruct(params), signatures] as const;
      return encodeFunctionData({ abi: shardVaultAbi, functionName: "executeTransfer", args });
    }
    case "lend-move": {
      const args = [struct, lendMoveStruct(params), signatures] as const;
      return encodeFunctionData({ abi: venueDeskAbi, functionName: "executeLendMove", args });
    }
    case "margin-move": {
      const args = [struct, marginMoveStruct(params), signatures] as const;
      return encodeFunctionData({ abi: venueDeskAbi, functionName: "executeMarginMove", args });
    }
    case "perp-change": {
      const args = [struct, perpChangeStruct(params), signatures] as const;
      return encodeFunctionData({ abi: venueDeskAbi, functionName: "executePerpChange", args });
    }
    case "option-trade": {
      const args = [struct, optionTradeStruct(params), signatures] as const;
      return encodeFunctionData({ abi: venueDeskAbi, functionName: "executeOptionTrade", args });
    }
  }
}

function deskOf({ vault, venueDesk }: MandateContracts): Address {
  if (venueDesk !== null) return venueDesk;
  throw new FatalError("unknown-venue", `Vault ${vault} has no venue desk; the action needs one.`);
}
