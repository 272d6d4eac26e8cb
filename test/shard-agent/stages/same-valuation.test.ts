import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { isValuedAlike } from "#shard-agent/stages/same-valuation.ts";
import {
  anEthAsset,
  aSeries,
  aSnapshot,
  BLOCK_MS,
  flatSlice,
} from "#test/support/agent/agent-snapshot.ts";

const DAY_MS = 86_400_000;

function full(): ShardSnapshot {
  return aSnapshot({
    hedgeAssets: [anEthAsset({ slices: [flatSlice(BLOCK_MS + 10 * DAY_MS, 0.6)] })],
    series: [aSeries(), aSeries({ isCall: false })],
    venues: [
      {
        collateral: [{ token: `0x${"ab".repeat(20)}`, amountRaw: 5n, location: "lending" }],
        lending: [],
        perps: [],
        optionMarkets: [],
        inventories: [],
        options: [],
        upkeep: [],
      },
    ],
  });
}

type Path = readonly (string | number)[];

/** Where the numbers, texts and switches of what is valued are. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries = Object.entries(value);
  return entries.flatMap(([name, one]) => leaves(one, [...path, name]));
}

function changed(value: unknown, path: Path): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return changedLeaf(value);
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const fields = copy as Record<string | number, unknown>;
  fields[name] = changed(fields[name], rest);
  return copy;
}

function changedLeaf(value: unknown): unknown {
  if (typeof value === "bigint") return value + 1n;
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  return `${String(value)}0`;
}

describe("two snapshots are valued alike", () => {
  test("when all that is valued is the same, whatever else is not", () => {
    const copy = structuredClone(full());
    const { block } = copy;
    const other = { ...copy, block: { ...block, hash: `0x${"77".repeat(32)}` as const } };
    expect(isValuedAlike(full(), { ...other, epoch: 9, paused: true, liabilitiesRaw: 7n })).toBe(
      true,
    );
  });

  test("and are not once any part of it differs", () => {
    const { settlement, hedgeAssets, series, venues, block } = full();
    const valued = { settlement, hedgeAssets, series, venues };
    const paths = [...leaves(valued), ["block", "timestampMs"]];
    for (const path of paths) {
      const other = changed({ ...full(), block }, path) as ShardSnapshot;
      expect(isValuedAlike(full(), other), path.join(".")).toBe(false);
      expect(isValuedAlike(other, full()), path.join(".")).toBe(false);
    }
  });

  test("nor when a list is longer in one of them, or a venue says more", () => {
    const lists = ["hedgeAssets", "series", "venues"] as const;
    fc.assert(
      fc.property(fc.constantFrom(...lists), fc.boolean(), (name, isFirst) => {
        const shorter = { ...full(), [name]: full()[name].slice(1) };
        const [one, other]: [ShardSnapshot, ShardSnapshot] = isFirst
          ? [full(), shorter]
          : [shorter, full()];
        expect(isValuedAlike(one, other)).toBe(false);
      }),
    );
    const [venue] = full().venues;
    const told = { ...full(), venues: [{ ...venue, more: null }] } as unknown as ShardSnapshot;
    expect(isValuedAlike(full(), told)).toBe(false);
    expect(isValuedAlike(told, full())).toBe(false);
  });
});
