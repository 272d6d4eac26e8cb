import type { Address, Hex } from "viem";
import { quoteMessage } from "#shard-agent/adapters/reads/send-quote.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { CHAIN_REGISTRY } from "#shared/evm/chain-registry.ts";
import type { RouteLine } from "#shared/wire/route-line.ts";

/** Gas of executeTransfer with all that token, endpoint and the check of the venue accounts do: up to 613,000 measured; for costs only. */
const TRANSFER_GAS_UNITS = 700_000;
/** Sister vaults change by their owner's hand only. */
const SISTERS_LAST_BLOCKS = 100;
const REASON_LENGTH_MAX = 200;
const NO_SISTER: Hex = `0x${"00".repeat(32)}`;

export type RouteQuoteOptions = {
  /** Endpoints that are asked for; those without a sister vault are no routes. */
  readonly endpointIds: readonly number[];
  /** Gas bought for the delivery: the policy's. */
  readonly lzReceiveGas: number;
  /** What is quoted for: LayerZero's fee does not depend on the amount. */
  readonly amountRaw: bigint;
};

/** Every known chain but the shard's own may have a sister vault. */
export function routeQuoteOptions(config: {
  readonly endpointId: number;
  readonly routes: Pick<RouteQuoteOptions, "lzReceiveGas">;
  readonly settlement: { readonly decimals: number };
}): RouteQuoteOptions {
  const known = Object.values(CHAIN_REGISTRY).map((chain) => chain.endpointId);
  return {
    endpointIds: known.filter((one) => one !== config.endpointId),
    lzReceiveGas: config.routes.lzReceiveGas,
    amountRaw: 10n ** BigInt(config.settlement.decimals),
  };
}

type Sisters = { readonly atBlock: number; readonly vaults: ReadonlyMap<number, Hex> };

/**
 * Fees of a vault's routes by block hash. A quote that fails leaves its route without a fee and says why; no failure
 * of a node is thrown, because a report without fees is still a report.
 */
export function routeQuoteReader(
  rpc: RpcClient,
  contracts: { readonly vault: Address; readonly token: Address },
  options: RouteQuoteOptions,
): (block: BlockHeader) => Promise<RouteLine[]> {
  let known: Sisters | undefined;
  return async (block) => {
    const at = { blockHash: block.hash };
    if (known === undefined || block.number >= known.atBlock + SISTERS_LAST_BLOCKS) {
      const read = readSisters(rpc, contracts.vault, { endpointIds: options.endpointIds, at });
      const vaults = await read.catch(onlyRetryable);
      if (!(vaults instanceof RetryableError)) known = { atBlock: block.number, vaults };
    }
    const { lzReceiveGas, amountRaw } = options;
    const routes = [...(known?.vaults ?? [])].map(async ([dstEid, to]): Promise<RouteLine> => {
      const message = { dstEid, to, amountRaw, minAmountRaw: amountRaw, lzReceiveGas };
      const quote = await quoteMessage(rpc, contracts.token, { message, at }).catch(onlyRetryable);
      return { dstEid, lzReceiveGas, gasUnits: TRANSFER_GAS_UNITS, ...outcomeOf(quote) };
    });
    return Promise.all(routes);
  };
}

function outcomeOf(
  quote: bigint | null | RetryableError,
): Pick<RouteLine, "feeNativeWei" | "acceptsTransfers" | "reason"> {
  if (quote === null)
    return { feeNativeWei: null, acceptsTransfers: false, reason: "quoteSend reverts" };
  if (quote instanceof RetryableError) {
    const reason = quote.message.slice(0, REASON_LENGTH_MAX);
    return { feeNativeWei: null, acceptsTransfers: true, reason };
  }
  return { feeNativeWei: quote.toString(), acceptsTransfers: true, reason: null };
}

async function readSisters(
  rpc: RpcClient,
  vault: Address,
  { endpointIds, at }: { endpointIds: readonly number[]; at: { readonly blockHash: Hex } },
): Promise<Map<number, Hex>> {
  const found = await Promise.all(
    endpointIds.map(async (eid): Promise<[number, Hex]> => {
      const call = { abi: shardVaultAbi, to: vault, name: "sisterVault", args: [eid], at } as const;
      return [eid, (await callView(rpc, call)) as Hex];
    }),
  );
  return new Map(found.filter(([, sister]) => sister !== NO_SISTER));
}

function onlyRetryable(error: unknown): RetryableError {
  if (error instanceof RetryableError) return error;
  throw error;
}
