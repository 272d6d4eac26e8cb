import { type Address, parseAbi } from "viem";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";

const curieAbi = parseAbi([
  "function getAccountValue(address trader) view returns (int256)",
  "function getTakerPositionSize(address trader, address baseToken) view returns (int256)",
]);

/** The vault's account at a chain's perpetual venue, 18 decimals throughout. */
export type PerpAccount = {
  /** Margin, unrealised profit and funding together, in units of the settlement asset; may be negative. */
  readonly valueE18: bigint;
  /** One entry per market, positive long, units of the underlying. */
  readonly positions: readonly {
    readonly ticker: string;
    readonly market: Address;
    readonly sizeE18: bigint;
  }[];
};

/**
 * What the vault has at Curie, as Curie's own readers say; empty where the chain has none.
 *
 * @throws {Error} viem's error when a call fails.
 */
export async function readPerpAccount(
  { chain, client }: ObservedChain,
  blockNumber: bigint,
): Promise<PerpAccount> {
  const { curie } = chain.positionVenues;
  if (curie === null) return { valueE18: 0n, positions: [] };
  const valueE18 = await client.readContract({
    address: curie.clearingHouse,
    abi: curieAbi,
    functionName: "getAccountValue",
    args: [curie.adapter],
    blockNumber,
  });
  const positions = curie.markets.map(async ({ underlying, market }) => ({
    ticker: underlying,
    market,
    sizeE18: await client.readContract({
      address: curie.accountBalance,
      abi: curieAbi,
      functionName: "getTakerPositionSize",
      args: [curie.adapter, market],
      blockNumber,
    }),
  }));
  return { valueE18, positions: await Promise.all(positions) };
}
