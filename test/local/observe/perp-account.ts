import { type Address, parseAbi } from "viem";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";

const curieEvents = parseAbi([
  "event PositionChanged(address indexed trader, address indexed baseToken, int256 exchangedPositionSize, int256 exchangedPositionNotional, uint256 fee, int256 openNotional, int256 realizedPnl, uint256 sqrtPriceAfterX96)",
  "event PositionLiquidated(address indexed trader, address indexed baseToken, uint256 positionNotional, uint256 positionSize, uint256 liquidationFee, address liquidator)",
]);
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

/**
 * Liquidations of the vault's account by anybody, oldest first; `size` as the position changed.
 *
 * @throws {Error} viem's error when a call fails.
 */
export async function readPerpLiquidations(
  { chain, client }: ObservedChain,
  range: { readonly fromBlock: bigint; readonly toBlock: bigint },
) {
  const { curie } = chain.positionVenues;
  if (curie === null) return [];
  const [changed, liquidated] = curieEvents;
  const asked = { address: curie.clearingHouse, args: { trader: curie.adapter }, ...range };
  const [changes, liquidations] = await Promise.all([
    client.getLogs({ ...asked, event: changed }),
    client.getLogs({ ...asked, event: liquidated }),
  ]);
  // The second event says how much, the first in which direction.
  const own = new Set(liquidations.map(({ transactionHash }) => transactionHash));
  return changes
    .filter(({ transactionHash }) => own.has(transactionHash))
    .map(({ args, blockNumber, transactionHash }) => ({
      blockNumber: Number(blockNumber),
      transactionHash,
      market: args.baseToken ?? curie.adapter,
      size: args.exchangedPositionSize ?? 0n,
    }));
}
