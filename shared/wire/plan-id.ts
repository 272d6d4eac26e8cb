import { createHash } from "node:crypto";
import type { PlanId } from "#shared/units/ids.ts";

/**
 * Id of a plan: SHA-256 of the canonical JSON of its content (keys sorted at every level). The same
 * content has the same id wherever it is computed.
 *
 * @param content JSON values only; a `bigint`, a function or a cycle throws.
 */
export function planIdOf(content: unknown): PlanId {
  return `0x${createHash("sha256")
    .update(JSON.stringify(sortKeys(content)))
    .digest("hex")}`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}
