import { type Address, erc20Abi } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView } from "#shard-agent/adapters/rpc/rpc-values.ts";
import { mismatch } from "#shard-agent/adapters/start/config-mismatch.ts";

type TokenClaim = { readonly token: Address; readonly decimals: number };

/** What the configuration claims of the vault's tokens. */
export type DecimalsClaims = {
  readonly settlement: TokenClaim;
  readonly underlyings: readonly TokenClaim[];
};

/**
 * Where the configured decimals are not the tokens' own, null for what is right. Every amount, price of an option and cap
 * on gas would be wrong by powers of ten.
 *
 * @throws {RetryableError} When the node does not answer, or what is named is no token.
 */
export function decimalsMismatches(
  rpc: RpcClient,
  { settlement, underlyings }: DecimalsClaims,
): Promise<(string | null)[]> {
  const judge = async (field: string, { token, decimals }: TokenClaim) => {
    const call = { abi: erc20Abi, to: token, name: "decimals", args: [], at: "latest" } as const;
    return mismatch(`${field}.decimals`, decimals, await callView(rpc, call), "the token's");
  };
  return Promise.all([
    judge("settlement", settlement),
    ...underlyings.map((one, index) => judge(`underlyings[${index}]`, one)),
  ]);
}
