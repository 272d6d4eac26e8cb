import type { Address } from "#shared/units/ids.ts";

/** A token as the configuration names it. */
export type TokenSetup = {
  readonly ticker: string;
  readonly token: Address;
  readonly decimals: number;
};

/** What never changes of one shard while the process runs. */
export type ShardSetup = {
  readonly shard: string;
  readonly chainId: number;
  readonly endpointId: number;
  /** Ticker of the coin that pays for gas on the shard's chain. */
  readonly nativeTicker: string;
  readonly blockTimeMs: number;
  /** A report whose block is older than this is stale. */
  readonly staleAfterMs: number;
  readonly vault: Address;
  readonly settlement: TokenSetup;
  readonly underlyings: readonly TokenSetup[];
  /** Agents whose reports are accepted; Ed25519 public keys as 64 hex digits. */
  readonly agents: readonly { readonly id: string; readonly reporterPublicKey: string }[];
};

/** Age above which a report of a shard is stale: the policy's floor or three blocks, whichever is more. */
export function staleAfterMs(reportFloorMs: number, blockTimeMs: number): number {
  return Math.max(reportFloorMs, 3 * blockTimeMs);
}
