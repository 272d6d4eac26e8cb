import { VAULT_LIMITS } from "#test/simulation/world/site.ts";

/** A leaky bucket as contracts/src/libraries/LeakyBucket.sol keeps it. */
export type Bucket = { readonly levelRaw: bigint; readonly updatedAtSeconds: number };

/** What is in the bucket now. */
export function levelOf(bucket: Bucket, capRaw: bigint, nowSeconds: number): bigint {
  const elapsed = Math.min(nowSeconds - bucket.updatedAtSeconds, VAULT_LIMITS.windowSeconds);
  const drained = (capRaw * BigInt(elapsed)) / BigInt(VAULT_LIMITS.windowSeconds);
  return drained >= bucket.levelRaw ? 0n : bucket.levelRaw - drained;
}

/** The bucket after adding an amount; undefined when it does not fit. */
export function fill(
  bucket: Bucket,
  amountRaw: bigint,
  capRaw: bigint,
  nowSeconds: number,
): Bucket | undefined {
  const levelRaw = levelOf(bucket, capRaw, nowSeconds) + amountRaw;
  return levelRaw > capRaw ? undefined : { levelRaw, updatedAtSeconds: nowSeconds };
}
