import type { Address } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView } from "#shard-agent/adapters/rpc/rpc-values.ts";
import { mismatch } from "#shard-agent/adapters/start/config-mismatch.ts";
import { curieAdapterAbi } from "#shared/evm/abi/curie-adapter.ts";

/** What the configuration claims of the vault's accounts at venues. */
export type AccountClaims = {
  readonly positionVenues: {
    readonly aaveV3: { readonly adapter: Address } | null;
    readonly lyraV1: { readonly adapter: Address } | null;
    readonly curie: {
      readonly adapter: Address;
      readonly clearingHouse: Address;
      readonly markets: readonly { readonly market: Address; readonly underlying: string }[];
    } | null;
  } | null;
  readonly underlyings: readonly { readonly ticker: string; readonly token: Address }[];
};

/**
 * Where accounts contradict the configuration, null for what is right. An account obeys one desk, which
 * must be the vault's; Curie's must trade at the house and in the markets named.
 *
 * @throws {RetryableError} When the node does not answer, or an account does not know a market.
 */
export async function accountMismatches(
  rpc: RpcClient,
  { positionVenues, underlyings }: AccountClaims,
  venueDesk: unknown,
): Promise<(string | null)[]> {
  // Every account answers `desk`, so one ABI serves for all.
  const view = (to: Address, name: "desk" | "clearingHouse" | "underlyingOf", args: unknown[]) =>
    callView(rpc, { abi: curieAdapterAbi, to, name, args, at: "latest" });
  const { aaveV3 = null, curie = null, lyraV1 = null } = positionVenues ?? {};
  const found: (string | null)[] = [];
  for (const [venue, account] of Object.entries({ aaveV3, curie, lyraV1 })) {
    if (account === null) continue;
    const desk = await view(account.adapter, "desk", []);
    const name = `positionVenues.${venue}.adapter, its desk`;
    found.push(mismatch(name, desk, venueDesk, "the vault's desk"));
  }
  if (curie === null) return found;
  const house = await view(curie.adapter, "clearingHouse", []);
  const field = "positionVenues.curie.clearingHouse";
  found.push(mismatch(field, curie.clearingHouse, house, "the account's"));
  for (const [index, { market, underlying }] of curie.markets.entries()) {
    const token = underlyings.find((one) => one.ticker === underlying)?.token;
    const follows = await view(curie.adapter, "underlyingOf", [market]);
    const name = `positionVenues.curie.markets[${index}].underlying, its token`;
    found.push(mismatch(name, token, follows, "what the market follows"));
  }
  return found;
}
