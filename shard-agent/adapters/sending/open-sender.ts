import type { OpenRpc } from "#shard-agent/adapters/rpc/open-rpc.ts";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { viemSender } from "#shard-agent/adapters/sending/viem-sender.ts";
import type { GuardedSigner } from "#shard-agent/adapters/signing/signing-guard.ts";
import type { Sender } from "#shard-agent/ports/sender.ts";

type SenderConfig = {
  readonly chainId: number;
  readonly rpc: { readonly privateUrls: readonly string[]; readonly publicFallback: boolean };
};

/** {@link Sender} of a configuration: every endpoint simulates, and private ones, where there are any, get the bytes first. */
export function openSender(
  { chainId, rpc }: SenderConfig,
  o: OpenRpc & { readonly signer: GuardedSigner },
): Sender {
  const nodes = o.nodes.map((node) => node.rpc);
  const privateNodes = rpc.privateUrls.map((url) => rpcClient([url]));
  return viemSender(o.reads, {
    signer: o.signer,
    chainId,
    route: { privateNodes, publicNodes: nodes, publicFallback: rpc.publicFallback },
    estimators: { nodes, quorum: o.quorum },
  });
}
