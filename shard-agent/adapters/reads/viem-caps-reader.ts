import type { ContractFunctionReturnType } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { Address } from "#shared/units/ids.ts";
import type { Caps } from "#shared/wire/report-caps.ts";

type CapsLeft = ContractFunctionReturnType<typeof venueDeskAbi, "view", "capsLeft">;

/** What is left of a vault's caps at a block, in one call of its desk; null without a desk. */
export function capsReader(
  rpc: RpcClient,
  desk: Address | null,
): (block: BlockHeader) => Promise<Caps | null> {
  return async ({ hash: blockHash }) => {
    if (desk === null) return null;
    const call = { abi: venueDeskAbi, to: desk, name: "capsLeft", args: [] } as const;
    const caps = (await callView(rpc, { ...call, at: { blockHash } })) as CapsLeft;
    return {
      tradesLeftRaw: caps.trades.toString(),
      transfersLeftRaw: caps.transfers.toString(),
      venues: caps.venues.map(({ venue, left, mayGrow }) => {
        return { adapter: venue, leftRaw: left.toString(), mayGrow };
      }),
    };
  };
}
