import type { SenderShortage } from "#shard-agent/records/sender-funds.ts";
import { isSameAddress, type ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { HEALTH_REASONS, ShardReport } from "#shared/wire/shard-report.ts";

/**
 * Whether the agent starts jobs at this snapshot, and every reason why not. A feed counts as stale when
 * it is older than `feedMaxAgeMs` at the time of the snapshot's block.
 */
export function checkHealth(
  snapshot: ShardSnapshot,
  scope: ShardScope,
  now: {
    readonly journalWritable: boolean;
    readonly endpointsAgree: boolean;
    /** What the sender could not pay for lately. */
    readonly shortage?: SenderShortage | null;
  },
): ShardReport["health"] {
  const reasons: (typeof HEALTH_REASONS)[number][] = [];
  const gasFloorWei = BigInt(scope.gasFloorWei);
  const isShort = ({ address, balanceWei }: ShardSnapshot["senders"][number]): boolean => {
    const { shortage = null } = now;
    const isOwn = shortage !== null && isSameAddress(shortage.address, address);
    return balanceWei < gasFloorWei || (isOwn && balanceWei < shortage.neededWei);
  };
  if (snapshot.senders.some(isShort)) reasons.push("gas-below-floor");
  if (staleFeeds(snapshot, scope).length > 0) reasons.push("feed-stale");
  if (snapshot.paused) reasons.push("vault-paused");
  if (!now.journalWritable) reasons.push("journal-unwritable");
  if (!now.endpointsAgree) reasons.push("rpc-disagreement");
  return { acceptsJobs: reasons.length === 0, reasons };
}

/** A feed that is too old to trade on. */
export type StaleFeed = {
  readonly token: `0x${string}`;
  readonly ageMs: number;
  readonly what: "price" | "volatility";
};

/** Feeds older than `feedMaxAgeMs` at the snapshot's block; expired volatility slices do not count. */
export function staleFeeds(snapshot: ShardSnapshot, scope: ShardScope): StaleFeed[] {
  const nowMs = snapshot.block.timestampMs;
  const stale: StaleFeed[] = [];
  const judge = (token: `0x${string}`, updatedAtMs: number, what: StaleFeed["what"]) => {
    const ageMs = nowMs - updatedAtMs;
    if (ageMs > scope.feedMaxAgeMs) stale.push({ token, ageMs, what });
  };
  judge(snapshot.settlement.token, snapshot.settlement.price.updatedAtMs, "price");
  for (const asset of snapshot.hedgeAssets) {
    judge(asset.token, asset.price.updatedAtMs, "price");
    for (const slice of asset.slices) {
      if (Number(slice.expirySeconds) * 1000 > nowMs)
        judge(asset.token, slice.updatedAtMs, "volatility");
    }
  }
  return stale;
}
