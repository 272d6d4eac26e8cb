import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeRace } from "#shard-agent/stages/judge-race.ts";

const ETHER = 10n ** 18n;

test.each([
  { lostWei: 0n, underWayWei: 0n, maxWei: 1n, room: "open" },
  { lostWei: 4n, underWayWei: 5n, maxWei: 10n, room: "open" },
  { lostWei: 5n, underWayWei: 5n, maxWei: 10n, room: "reserved" },
  { lostWei: 0n, underWayWei: 10n, maxWei: 10n, room: "reserved" },
  { lostWei: 10n, underWayWei: 0n, maxWei: 10n, room: "spent" },
  { lostWei: 0n, underWayWei: 0n, maxWei: 0n, room: "spent" },
])("$lostWei wei lost and $underWayWei under way of $maxWei: $room", (one) => {
  const lost = { count: 1, gasCostWei: one.lostWei };
  expect(judgeRace({ lost, underWayWei: one.underWayWei, maxWei: one.maxWei })).toBe(one.room);
});

test("however many races run at once and however they end, the budget is exceeded by less than one race", () => {
  const wei = fc.bigInt({ min: 1n, max: ETHER });
  const step = fc.oneof(
    fc.record({ begin: wei }),
    fc.record({ end: fc.nat(20), paidPerMille: fc.bigInt({ min: 0n, max: 1000n }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), wei, (steps, maxWei) => {
      let lostWei = 0n;
      let lastWei = 0n;
      const underWay: bigint[] = [];
      for (const one of steps) {
        if ("begin" in one) {
          const underWayWei = underWay.reduce((sum, capWei) => sum + capWei, 0n);
          const lost = { count: 0, gasCostWei: lostWei };
          if (judgeRace({ lost, underWayWei, maxWei }) !== "open") continue;
          lastWei = one.begin;
          underWay.push(one.begin);
        } else {
          const [capWei = 0n] = underWay.splice(one.end % (underWay.length + 1), 1);
          lostWei += (capWei * one.paidPerMille) / 1000n;
        }
        expect(lostWei).toBeLessThan(maxWei + (lastWei || 1n));
      }
    }),
  );
});
