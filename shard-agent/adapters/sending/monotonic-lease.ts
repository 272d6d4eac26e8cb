import type { Lease } from "#shard-agent/ports/lease.ts";

/**
 * A {@link Lease} of half the queue's lock, counted from before the lock was taken or extended.
 * `ageMs` is how old the lock is already. `extend` throws or says false when the lock is lost.
 */
export function monotonicLease(o: {
  readonly lockMs: number;
  readonly ageMs: number;
  readonly extend: () => Promise<boolean>;
  readonly monotonicMs: () => number;
}): Lease {
  let grantedAtMs = o.monotonicMs() - Math.max(0, o.ageMs);
  return {
    isHeld: () => o.monotonicMs() - grantedAtMs < o.lockMs / 2,
    renew: async () => {
      const askedAtMs = o.monotonicMs();
      const isOurs = await o.extend().catch(() => false);
      if (isOurs) grantedAtMs = askedAtMs;
      return isOurs;
    },
  };
}
