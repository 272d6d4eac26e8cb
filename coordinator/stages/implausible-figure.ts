import type { ShardReport } from "#shared/wire/shard-report.ts";

/** Largest magnitude of a number. */
const NUMBER_MAX = 1e18;
/** Most digits of a raw amount: far below 2^192, so that products and sums of a plan stay in 256 bits. */
const RAW_DIGITS_MAX = 57;
/** Smallest price of one unit, in USD. */
const PRICE_MIN_USD = 1e-15;

/** What is planned with. The agent's own Greeks and scenarios are only compared. */
const PLANNED_WITH = [
  "chain",
  "market",
  "collateral",
  "book",
  "capacity",
  "lending",
  "perps",
  "optionMarkets",
  "inventories",
] as const satisfies readonly (keyof ShardReport)[];

/**
 * The first figure of a report that no market and no chain has, as `<field>: found <value>; ...`. Any of them is
 * well-formed, and would make infinities of products, or amounts that no contract takes: one shard's would stop the
 * planning of all.
 */
export function implausibleFigure(report: ShardReport): string | undefined {
  for (const field of PLANNED_WITH) {
    const found = implausible(report[field], field);
    if (found !== undefined) return found;
  }
  return undefined;
}

function implausible(value: unknown, path: string): string | undefined {
  if (typeof value === "number") return implausibleNumber(value, path);
  if (typeof value === "string") return implausibleRaw(value, path);
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, one] of Object.entries(value)) {
    const found = implausible(one, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function implausibleNumber(value: number, path: string): string | undefined {
  if (Math.abs(value) > NUMBER_MAX)
    return `${path}: found ${value}; at most ${NUMBER_MAX} either way`;
  // The mark of an option may be zero; a price that others are divided by may not be next to it.
  const isPrice = /(?:\.(?:spot|price|index)Usd|^perps.*\.markUsd)$/.test(path);
  if (isPrice && value < PRICE_MIN_USD) return `${path}: found ${value}; at least ${PRICE_MIN_USD}`;
  return undefined;
}

function implausibleRaw(value: string, path: string): string | undefined {
  if (value.length <= RAW_DIGITS_MAX || !/^-?[0-9]+$/.test(value)) return undefined;
  return `${path}: found ${value}; at most ${RAW_DIGITS_MAX} digits`;
}
