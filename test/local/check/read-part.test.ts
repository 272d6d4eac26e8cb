import { expect, test } from "vitest";
import { partReader } from "#test/local/check/read-part.ts";

test("a part that is read at the third try is no failure", async () => {
  const { read, unread } = partReader(0);
  let tries = 0;
  const value = await read("history", "events of base", async () => {
    tries += 1;
    if (tries < 3) throw new Error("busy");
    return tries;
  });
  expect([value, unread]).toEqual([3, []]);
});

test("one that never is leaves its reason behind, and the next ones are read", async () => {
  const { read, unread } = partReader(0);
  const fail = () => Promise.reject(new Error("gone"));
  expect(await read("state", "state of base", fail)).toBeUndefined();
  expect(unread).toEqual([{ part: "state", why: "state of base: Error: gone" }]);
  expect(await read("cost", "hedging cost", async () => 7)).toBe(7);
});
