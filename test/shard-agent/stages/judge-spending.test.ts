import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeSpending, spentWei } from "#shard-agent/stages/judge-spending.ts";
import { DAY_MS } from "#shared/units/time.ts";

type Cost = { readonly nonce: number; readonly costWei: bigint; readonly atMs: number };

const cost = fc.record({
  nonce: fc.nat(5),
  costWei: fc.bigInt({ min: 0n, max: 40n }),
  atMs: fc.integer({ min: 1, max: DAY_MS }),
});

test("what does not fit now fits when it is said to, and not before", () => {
  const one = fc.record({ nonce: fc.nat(6), costWei: fc.bigInt({ min: 0n, max: 60n }) });
  const check = (costs: Cost[], { nonce, costWei }: Omit<Cost, "atMs">) => {
    const order = { nonce, costWei, maxWei: 50n };
    const excess = judgeSpending(costs, order);
    const after = (atMs: number) =>
      judgeSpending(
        costs.filter((known) => known.nonce === nonce || known.atMs > atMs),
        order,
      );
    if (excess === null) return;
    if (excess.liftsAtMs === null) {
      expect(after(DAY_MS)).not.toBeNull();
      return;
    }
    expect(excess.totalWei > 50n).toBe(true);
    expect(after(excess.liftsAtMs - DAY_MS)).toBeNull();
    expect(after(excess.liftsAtMs - DAY_MS - 1)).not.toBeNull();
  };
  // A nonce of several entries lasts as long as the dearest of them; here each has one.
  const costs = fc.uniqueArray(cost, { selector: (known) => known.nonce, maxLength: 6 });
  fc.assert(fc.property(costs, one, check));
});

test("a call and its cancel count once, at the dearer of them, and so does what replaces one", () => {
  const call = { nonce: 3, costWei: 30n, atMs: 1 };
  const costs = [call, { nonce: 3, costWei: 5n, atMs: 2 }, { nonce: 4, costWei: 7n, atMs: 3 }];
  expect(spentWei(costs)).toBe(37n);
  expect(judgeSpending(costs, { nonce: 3, costWei: 43n, maxWei: 50n })).toBeNull();
  expect(judgeSpending(costs, { nonce: 5, costWei: 14n, maxWei: 50n })).toEqual({
    totalWei: 51n,
    liftsAtMs: 1 + DAY_MS,
  });
});
