import { parseAbi, parseEventLogs } from "viem";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";

/** The OFT's own events (LayerZero's IOFT). */
export const OFT_EVENTS = parseAbi([
  "event OFTSent(bytes32 indexed guid, uint32 dstEid, address indexed fromAddress, uint256 amountSentLD, uint256 amountReceivedLD)",
  "event OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed toAddress, uint256 amountReceivedLD)",
]);

/**
 * Settlement asset that hedges, margin and transfers moved into a vault between two blocks, both included;
 * negative when they moved it out. Taken off the balance it leaves what the vault would hold had
 * nothing been hedged or transferred.
 */
export async function readCoordinatedFlowRaw(
  { chain, client }: ObservedChain,
  range: { readonly fromBlock: bigint; readonly toBlock: bigint },
): Promise<bigint> {
  if (range.fromBlock > range.toBlock) return 0n;
  const token = chain.settlement.token.toLowerCase();
  const [vaultLogs, received] = await Promise.all([
    client.getLogs({ address: chain.contracts.vault, ...range }),
    client.getLogs({
      address: chain.settlement.token,
      event: OFT_EVENTS[1],
      args: { toAddress: chain.contracts.vault },
      ...range,
    }),
  ]);
  let flowRaw = 0n;
  const events = parseEventLogs({
    abi: shardVaultAbi,
    logs: vaultLogs,
    eventName: ["SwapExecuted", "TransferSent"],
  });
  for (const { eventName, args } of events) {
    if (eventName === "TransferSent") flowRaw -= args.amountSent;
    else if (args.assetIn.toLowerCase() === token) flowRaw -= args.amountIn;
    else if (args.assetOut.toLowerCase() === token) flowRaw += args.amountOut;
  }
  flowRaw += await readMarginFlowRaw({ chain, client }, range);
  for (const log of received) flowRaw += log.args.amountReceivedLD ?? 0n;
  return flowRaw;
}

/** From the vault's account at a perpetual venue; negative into it. */
async function readMarginFlowRaw(
  { chain, client }: Pick<ObservedChain, "chain" | "client">,
  range: { readonly fromBlock: bigint; readonly toBlock: bigint },
): Promise<bigint> {
  const { curie } = chain.positionVenues;
  if (curie === null) return 0n;
  const logs = await client.getLogs({ address: chain.contracts.venueDesk, ...range });
  const moves = parseEventLogs({
    abi: venueDeskAbi,
    logs,
    eventName: "VenueMoved",
    args: { venue: curie.adapter },
  });
  return moves.reduce((sum, { args }) => sum + (args.amount > 0n ? -args.amount : args.gained), 0n);
}
