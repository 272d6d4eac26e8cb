import { type Address, parseAbi } from "viem";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";

const dataProviderAbi = parseAbi([
  "function getReserveTokensAddresses(address asset) view returns (address aToken, address stableDebtToken, address variableDebtToken)",
  "function getUserReserveData(address asset, address user) view returns (uint256 currentATokenBalance, uint256 currentStableDebt, uint256 currentVariableDebt, uint256 principalStableDebt, uint256 scaledVariableDebt, uint256 stableBorrowRate, uint256 liquidityRate, uint40 stableRateLastUpdated, bool usageAsCollateralEnabled)",
]);

/**
 * What lies for the vault at its venues in one asset, raw, as the protocols' own readers say.
 *
 * @throws {Error} viem's error when a call fails.
 */
export async function venueHoldingRaw(
  { chain, client }: ObservedChain,
  token: Address,
  blockNumber: bigint,
): Promise<bigint> {
  const { aaveV3 } = chain.positionVenues;
  if (aaveV3 === null) return 0n;
  const provider = { address: aaveV3.dataProvider, abi: dataProviderAbi, blockNumber } as const;
  const [aToken] = await client.readContract({
    ...provider,
    functionName: "getReserveTokensAddresses",
    args: [token],
  });
  if (BigInt(aToken) === 0n) return 0n;
  const [balanceRaw] = await client.readContract({
    ...provider,
    functionName: "getUserReserveData",
    args: [token, aaveV3.adapter],
  });
  return balanceRaw;
}
