import { expect, test } from "vitest";
import { monotonicLease } from "#shard-agent/adapters/sending/monotonic-lease.ts";

function leaseAt(o: { ageMs?: number; extend?: () => Promise<boolean> } = {}) {
  const time = { nowMs: 1_000 };
  const lease = monotonicLease({
    lockMs: 30_000,
    ageMs: o.ageMs ?? 0,
    extend: o.extend ?? (async () => true),
    monotonicMs: () => time.nowMs,
  });
  return { lease, time };
}

test("a lease lasts half the lock, counted from when the lock was taken", () => {
  const { lease, time } = leaseAt({ ageMs: 4_000 });
  time.nowMs += 10_999;
  expect(lease.isHeld()).toBe(true);
  time.nowMs += 1;
  expect(lease.isHeld()).toBe(false);
});

test("an extension counts from when it was asked for", async () => {
  const { lease, time } = leaseAt({
    extend: async () => {
      time.nowMs += 10_000;
      return true;
    },
  });
  time.nowMs += 20_000;
  expect(await lease.renew()).toBe(true);
  time.nowMs += 4_999;
  expect(lease.isHeld()).toBe(true);
  time.nowMs += 1;
  expect(lease.isHeld()).toBe(false);
});

test("a lock that is lost, or a queue that does not answer, renews nothing", async () => {
  for (const extend of [async () => false, () => Promise.reject(new Error("gone"))]) {
    const { lease, time } = leaseAt({ extend });
    time.nowMs += 20_000;
    expect(await lease.renew()).toBe(false);
    expect(lease.isHeld()).toBe(false);
  }
});
