import type { PublicClient } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import type { WorkerChain, WorkerConfig } from "#test/local/layerzero/worker-config.ts";

/** One chain as the worker sees it: contracts, a client, and one lane per key. */
export type WorkerNode = {
  readonly chain: WorkerChain;
  readonly client: PublicClient;
  readonly executorLane: Lane;
  readonly committerLane: Lane;
  /** In the order of `chain.dvns`. */
  readonly dvns: readonly { readonly lane: Lane; readonly signers: readonly PrivateKeyAccount[] }[];
};

const RECEIPT_POLL_MS = 100;

/** Clients and lanes of every configured chain, by endpoint id. */
export function workerNodes(config: WorkerConfig): ReadonlyMap<number, WorkerNode> {
  const nodeOf = (chain: WorkerChain): WorkerNode => {
    const client = chainClient(chain.rpcUrl, chain.chainId);
    const lane = (key: `0x${string}`) =>
      openLane(client, privateKeyToAccount(key), RECEIPT_POLL_MS);
    return {
      chain,
      client,
      executorLane: lane(config.executorKey),
      committerLane: lane(config.committerKey),
      dvns: config.dvns.map((dvn) => ({
        lane: lane(dvn.adminKey),
        signers: dvn.signerKeys.map((k) => privateKeyToAccount(k)),
      })),
    };
  };
  return new Map(config.chains.map((chain) => [chain.endpointId, nodeOf(chain)]));
}
