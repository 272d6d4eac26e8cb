import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";

/** What of a snapshot its valuation hangs on. */
const VALUED_FIELDS = ["settlement", "hedgeAssets", "series", "venues"] as const;

/** Whether two snapshots are worth the same to the bit, line by line: nothing that is valued differs, nor the time. */
export function isValuedAlike(one: ShardSnapshot, other: ShardSnapshot): boolean {
  return (
    one.block.timestampMs === other.block.timestampMs &&
    VALUED_FIELDS.every((field) => isSame(one[field], other[field]))
  );
}

/** Plain data, compared to the last field. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object") return false;
  if (one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) return isSameList(one, other);
  const names = Object.keys(one);
  const [left, right] = [one, other] as Readonly<Record<string, unknown>>[];
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => name in other && isSame(left?.[name], right?.[name]))
  );
}

function isSameList(one: unknown, other: unknown): boolean {
  return (
    Array.isArray(one) &&
    Array.isArray(other) &&
    one.length === other.length &&
    one.every((item, index) => isSame(item, other[index]))
  );
}
