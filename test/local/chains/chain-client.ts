import { createPublicClient, defineChain, http, type PublicClient } from "viem";

/** Reads one chain; calls are never batched or cached, so that an answer is as fresh as the call. */
export function chainClient(rpcUrl: string, chainId: number): PublicClient {
  const chain = defineChain({
    id: chainId,
    name: `local-${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  return createPublicClient({
    chain,
    transport: http(rpcUrl, { retryCount: 1, timeout: 15_000 }),
    pollingInterval: 100,
    cacheTime: 0,
  });
}
