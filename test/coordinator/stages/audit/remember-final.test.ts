import fc from "fast-check";
import { expect, test } from "vitest";
import type { FinalBlock } from "#coordinator/records/safety/final-memory.ts";
import { mustStillHave, rememberFinal } from "#coordinator/stages/audit/remember-final.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const HASH = hash32("f1");
const steps = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 300 });

function remembered(all: readonly number[]): FinalBlock[] {
  let blocks: FinalBlock[] = [];
  for (const number of all) blocks = rememberFinal(blocks, { number, hash: HASH });
  return blocks;
}

function numbersOf(gaps: readonly number[]): number[] {
  let number = 0;
  return gaps.map((gap) => {
    number += gap;
    return number;
  });
}

test("the first and the newest block are remembered, in order, and never more than twelve", () => {
  fc.assert(
    fc.property(steps, (gaps) => {
      const all = numbersOf(gaps);
      const numbers = remembered(all).map(({ number }) => number);
      expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
      expect(numbers.length).toBeLessThanOrEqual(12);
      expect([numbers[0], numbers.at(-1)]).toEqual([all[0], all.at(-1)]);
    }),
  );
});

test("of final blocks a step apart, one is remembered no further back than a few times what is asked for", () => {
  const all = Array.from({ length: 20_000 }, (_, index) => 1 + index * 10);
  const blocks = remembered(all);
  const newest = all.at(-1) ?? 0;
  for (let back = 20; back < newest; back *= 2) {
    const found = mustStillHave(blocks, newest - back);
    expect(newest - (found?.number ?? Number.NaN)).toBeLessThanOrEqual(6 * back);
  }
});

test("an older block, or the same again, changes nothing", () => {
  const blocks = remembered([10, 20]);
  expect(rememberFinal(blocks, { number: 15, hash: HASH })).toEqual(blocks);
  expect(rememberFinal(blocks, { number: 20, hash: hash32("aa") })).toEqual(blocks);
});

test("nothing is expected of a chain that is below all that is remembered", () => {
  expect(mustStillHave(remembered([10, 20]), 9)).toBeUndefined();
  expect(mustStillHave(remembered([10, 20]), 19)).toEqual({ number: 10, hash: HASH });
});
