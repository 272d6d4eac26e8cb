import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { TransferContracts } from "#shard-agent/adapters/transfers/kept-message.ts";
import { arrivalReader } from "#shard-agent/adapters/transfers/viem-arrivals.ts";
import { sentTransferReader } from "#shard-agent/adapters/transfers/viem-sent-transfers.ts";
import type { TransferReader } from "#shard-agent/ports/transfer-reader.ts";

/** {@link TransferReader} over raw JSON-RPC. Asks nothing while nothing is sent or expected. */
export function viemTransferReader(rpc: RpcClient, contracts: TransferContracts): TransferReader {
  const { layerZero } = contracts;
  return {
    executor: layerZero?.executor ?? null,
    sent: sentTransferReader(rpc, contracts),
    evidence: layerZero === null ? async () => [] : arrivalReader(rpc, { ...contracts, layerZero }),
  };
}
