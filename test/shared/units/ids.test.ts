import { expect, test } from "vitest";
import { SHARD_ID_PATTERN } from "#shared/units/ids.ts";

test.each(["base", "a", "arbitrum-2", "x".repeat(31)])("%s may name a shard", (name) => {
  expect(SHARD_ID_PATTERN.test(name)).toBe(true);
});

test.each(["", "Base", "2base", "-base", "base:1", "base_1", "bäse", "x".repeat(32), "base\n"])(
  "%j may not",
  (name) => {
    expect(SHARD_ID_PATTERN.test(name)).toBe(false);
  },
);
