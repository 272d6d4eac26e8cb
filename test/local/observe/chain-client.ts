import { createPublicClient, http, type PublicClient } from "viem";
import type { WorldChain } from "#test/local/world-description.ts";

/** A chain of the world and the observer's own connection to it. */
export type ObservedChain = { readonly chain: WorldChain; readonly client: PublicClient };

/** Own read-only connection to a chain; calls made together travel as one HTTP request. */
export function observeChain(chain: WorldChain): ObservedChain {
  const transport = http(chain.rpcUrl, {
    batch: { batchSize: 50 },
    timeout: 10_000,
    retryCount: 2,
    retryDelay: 200,
  });
  return { chain, client: createPublicClient({ transport, cacheTime: 0 }) };
}
