import { hasWrongChecksum } from "#shared/evm/mandate-typed-data.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/** Largest magnitude of a number. */
const NUMBER_MAX = 1e18;
/** Most digits of a raw amount: far below 2^192, so that products and sums of a plan stay in 256 bits. */
const RAW_DIGITS_MAX = 57;
/** Of an address as text. */
const ADDRESS_LENGTH = 42;
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
  "gasTerms",
] as const satisfies readonly (keyof ShardReport)[];

/**
 * The first figure of a report that no market and no chain has, as `<field>: found <value>; ...`. Any of them is
 * well-formed, and would make infinities of products, or amounts that no contract takes: one shard's would stop the
 * planning of all.
 */
export function implausibleFigure(report: ShardReport): string | undefined {
  for (const field of PLANNED_WITH) {
    const found = implausible(report[field], field, field === "perps" ? PERP_PRICES : PRICES);
    if (found !== undefined) return field + found;
  }
  return undefined;
}

/** Prices that others are divided by; the mark of an option may be zero. */
const PRICES: readonly string[] = ["spotUsd", "priceUsd", "indexUsd", "nativeUsd"];
const PERP_PRICES: readonly string[] = [...PRICES, "markUsd"];

/** The rest of the path, and what is wrong there; it is put together only where something is, since every report comes by. */
function implausible(value: unknown, key: string, prices: readonly string[]): string | undefined {
  if (typeof value === "number") return implausibleNumber(value, prices.includes(key));
  if (typeof value === "string") return wrongAddress(value) ?? implausibleRaw(value);
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = implausible(value[index], "", prices);
      if (found !== undefined) return `[${index}]${found}`;
    }
    return undefined;
  }
  for (const name in value) {
    const found = implausible((value as Readonly<Record<string, unknown>>)[name], name, prices);
    if (found !== undefined) return `.${name}${found}`;
  }
  return undefined;
}

function implausibleNumber(value: number, isPrice: boolean): string | undefined {
  if (Math.abs(value) > NUMBER_MAX) return `: found ${value}; at most ${NUMBER_MAX} either way`;
  if (isPrice && value < PRICE_MIN_USD) return `: found ${value}; at least ${PRICE_MIN_USD}`;
  return undefined;
}

/** No mandate and no call can name it. */
function wrongAddress(value: string): string | undefined {
  if (value.length !== ADDRESS_LENGTH || !value.startsWith("0x")) return undefined;
  return hasWrongChecksum(value) ? `: found ${value}; must have a right checksum` : undefined;
}

function implausibleRaw(value: string): string | undefined {
  if (value.length <= RAW_DIGITS_MAX || !/^-?[0-9]+$/.test(value)) return undefined;
  return `: found ${value}; at most ${RAW_DIGITS_MAX} digits`;
}
