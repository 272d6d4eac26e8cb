import fc from "fast-check";
import { expect, test } from "vitest";
import { type MutualPart, mutualShares } from "#shared/risk/portfolio/mutual-shares.ts";

const usd = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const floor = fc.double({ min: 0, max: 1e6, noNaN: true });
const parts = fc
  .array(fc.record({ componentUsd: usd, floorUsd: floor }), { maxLength: 8 })
  .map((list): MutualPart[] => list.map((one, index) => ({ id: `shard-${index}`, ...one })));

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, one) => total + one, 0);
}

test.each([
  {
    name: "no floor binds: each bears its component",
    parts: [
      [70, 0],
      [30, 0],
    ],
    shares: [70, 30],
  },
  {
    name: "a hedger bears nothing, the others less",
    parts: [
      [80, 0],
      [40, 0],
      [-60, 0],
    ],
    shares: [40, 20, 0],
  },
  {
    name: "a floor is taken off the part above its own",
    parts: [
      [90, 0],
      [10, 40],
    ],
    shares: [60, 40],
  },
  {
    name: "floors beyond the whole: each its floor",
    parts: [
      [5, 30],
      [5, 20],
    ],
    shares: [30, 20],
  },
  {
    name: "nothing to hold",
    parts: [
      [-5, 0],
      [5, 0],
    ],
    shares: [0, 0],
  },
  { name: "no parts", parts: [], shares: [] },
])("$name", ({ parts: given, shares }) => {
  const found = mutualShares(
    given.map(([componentUsd = 0, floorUsd = 0], index) => ({
      id: `${index}`,
      componentUsd,
      floorUsd,
    })),
  );
  expect([...found.values()]).toEqual(shares);
});

test("shares sum to the whole, and lie between the floor and the larger of floor and component", () => {
  fc.assert(
    fc.property(parts, (given) => {
      const shares = mutualShares(given);
      const whole = Math.max(
        sum(given.map((one) => one.componentUsd)),
        sum(given.map((one) => one.floorUsd)),
      );
      expect(sum(shares.values())).toBeCloseTo(whole, 4);
      for (const { id, componentUsd, floorUsd } of given) {
        expect(shares.get(id)).toBeGreaterThanOrEqual(floorUsd);
        expect(shares.get(id)).toBeLessThanOrEqual(Math.max(floorUsd, componentUsd));
      }
    }),
  );
});

test("the order of the parts does not change a bit", () => {
  fc.assert(
    fc.property(parts, (given) => {
      expect(mutualShares([...given].reverse())).toEqual(mutualShares(given));
    }),
  );
});

test("a negative floor is refused by name", () => {
  expect(() => mutualShares([{ id: "a", componentUsd: 1, floorUsd: -1 }])).toThrow(/^floorUsd: -1/);
});
