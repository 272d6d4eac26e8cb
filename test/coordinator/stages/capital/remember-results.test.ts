import { expect, test } from "vitest";
import { rememberResults } from "#coordinator/stages/capital/remember-results.ts";

/** Counts how often anything was worked out. */
function counted() {
  const remembered = rememberResults<object, number>();
  let worked = 0;
  const ask = (about: object, parts: readonly unknown[]): number => {
    return remembered(about, parts, () => {
      worked += 1;
      return worked;
    });
  };
  return { ask, worked: () => worked };
}

const ABOUT = { shard: "base" };
const PART = { kind: "swap" };

test("the same question about the same object is worked out once", () => {
  const { ask, worked } = counted();
  expect(ask(ABOUT, [PART, "buy"])).toBe(1);
  expect(ask(ABOUT, [PART, "buy"])).toBe(1);
  expect(worked()).toBe(1);
});

test.each([
  { name: "another object", about: { shard: "base" }, parts: [PART, "buy"] },
  { name: "an equal part that is another object", about: ABOUT, parts: [{ kind: "swap" }, "buy"] },
  { name: "another value", about: ABOUT, parts: [PART, "sell"] },
  { name: "fewer parts", about: ABOUT, parts: [PART] },
  { name: "more parts", about: ABOUT, parts: [PART, "buy", PART] },
  { name: "the parts in another order", about: ABOUT, parts: ["buy", PART] },
])("$name is another question", ({ about, parts }) => {
  const { ask } = counted();
  expect(ask(ABOUT, [PART, "buy"])).toBe(1);
  expect(ask(about, parts)).toBe(2);
  expect(ask(ABOUT, [PART, "buy"])).toBe(1);
});

test("of many questions about one object the newest are kept", () => {
  const { ask } = counted();
  for (let at = 1; at <= 9; at += 1) ask(ABOUT, [at]);
  expect(ask(ABOUT, [9])).toBe(9);
  expect(ask(ABOUT, [2])).toBe(2);
  expect(ask(ABOUT, [1])).toBe(10);
});

test("what could not be worked out is tried again", () => {
  const remembered = rememberResults<object, number>();
  const fail = (): number => {
    throw new RangeError("no price");
  };
  expect(() => remembered(ABOUT, [], fail)).toThrow("no price");
  expect(remembered(ABOUT, [], () => 7)).toBe(7);
});
