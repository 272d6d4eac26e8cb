import { type Address, erc20Abi, parseAbi } from "viem";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";

const lyraAbi = parseAbi([
  "struct Position { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }",
  "function getOwnerPositions(address target) view returns (Position[])",
  "function getStrikeAndExpiry(uint256 strikeId) view returns (uint256 strikePrice, uint256 expiry)",
]);
const LONG_CALL = 0;
const WAD = 1e18;

/** A long of the vault's account at a chain's option market. */
type VenueLong = {
  readonly strikeId: bigint;
  readonly isCall: boolean;
  readonly quantityE18: bigint;
};

/** The vault's account at a chain's option market. */
export type OptionAccount = {
  readonly adapter: Address;
  readonly underlying: string;
  /** Of the settlement asset. */
  readonly cashRaw: bigint;
  readonly longs: readonly VenueLong[];
};

/**
 * What the vault has at Lyra, as Lyra's own token says; null where the chain has none.
 *
 * @throws {Error} viem's error when a call fails.
 */
export async function readOptionAccount(
  { chain, client }: ObservedChain,
  blockNumber: bigint,
): Promise<OptionAccount | null> {
  const { lyraV1 } = chain.positionVenues;
  if (lyraV1 === null) return null;
  const { adapter, optionToken, underlying } = lyraV1;
  const [cashRaw, positions] = await Promise.all([
    client.readContract({
      address: chain.settlement.token,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [adapter],
      blockNumber,
    }),
    client.readContract({
      address: optionToken,
      abi: lyraAbi,
      functionName: "getOwnerPositions",
      args: [adapter],
      blockNumber,
    }),
  ]);
  const longs = positions.map(({ strikeId, optionType, amount }) => {
    return { strikeId, isCall: optionType === LONG_CALL, quantityE18: amount };
  });
  return { adapter, underlying, cashRaw, longs };
}

/** Strike and end of one of Lyra's series. @throws {Error} viem's error when the call fails. */
export async function readStrike(
  { chain, client }: ObservedChain,
  strikeId: bigint,
  blockNumber: bigint,
): Promise<{ readonly strikeUsd: number; readonly expiryMs: number }> {
  const { lyraV1 } = chain.positionVenues;
  if (lyraV1 === null) throw new RangeError(`${chain.shard}: no option market on its chain`);
  const [strike, expiry] = await client.readContract({
    address: lyraV1.market,
    abi: lyraAbi,
    functionName: "getStrikeAndExpiry",
    args: [strikeId],
    blockNumber,
  });
  return { strikeUsd: Number(strike) / WAD, expiryMs: Number(expiry) * 1000 };
}
