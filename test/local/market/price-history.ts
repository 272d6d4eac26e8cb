import { readFileSync } from "node:fs";
import { FatalError } from "#shared/errors.ts";
import { TICKERS, type Ticker } from "#test/local/deploy/world-parameters.ts";
import type { MarketState, PricePath } from "#test/local/market/price-path.ts";

/** One row of a price history. */
type Row = { readonly atMs: number; readonly priceUsd: number; readonly volatility: number };

/** A price history, rows by underlying, ascending. */
export type PriceHistory = Readonly<Record<Ticker, readonly Row[]>>;

const HEADER = "timestamp,underlying,price,volatility";
const ERRORS_SHOWN = 20;
const VOLATILITY_MAX = 5;

/**
 * Reads a price history: CSV with the header `timestamp,underlying,price,volatility`. A timestamp is
 * Unix seconds, Unix milliseconds or ISO 8601 with a zone; `underlying` is ETH or BTC; `price` is USD;
 * `volatility` is annual, 0.65 for 65 %. Rows of one underlying ascend in time.
 *
 * @throws {FatalError} `input-prices`, one line per wrong row with its line number.
 */
export function loadPriceHistory(file: string): PriceHistory {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new FatalError("input-prices", `${file}: cannot be read: ${reason}`, { cause });
  }
  const { history, problems } = parsePriceHistory(text);
  if (problems.length === 0) return history;
  const more = problems.length > ERRORS_SHOWN ? [`and ${problems.length - ERRORS_SHOWN} more`] : [];
  const lines = [...problems.slice(0, ERRORS_SHOWN), ...more];
  throw new FatalError("input-prices", `${file} is not a price history\n  ${lines.join("\n  ")}`);
}

/** Rows of a CSV text, and what is wrong with it, each with its line number. */
export function parsePriceHistory(text: string): { history: PriceHistory; problems: string[] } {
  const problems: string[] = [];
  const history: Record<Ticker, Row[]> = { ETH: [], BTC: [] };
  const lines = text.split(/\r?\n/);
  const header = (lines[0] ?? "")
    .replace(/^\uFEFF/, "")
    .replaceAll(" ", "")
    .toLowerCase();
  if (header !== HEADER) problems.push(`line 1: found "${lines[0] ?? ""}", must be "${HEADER}"`);
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const wrong = parseRow(line, history);
    problems.push(...wrong.map((problem) => `line ${index + 1}: ${problem}`));
  }
  for (const ticker of TICKERS) {
    const count = history[ticker].length;
    if (count === 0) problems.push(`no row for ${ticker}; each of ${TICKERS.join(", ")} needs one`);
  }
  return { history, problems };
}

/**
 * The history as a path: the latest row at or before the moment holds. Step 0 is the first moment at
 * which every underlying has a row; after the last row prices stand still.
 *
 * @param speed Seconds of history that pass in one step.
 */
export function historyPath(history: PriceHistory, speed: number): PricePath {
  const startMs = Math.max(...TICKERS.map((ticker) => history[ticker][0]?.atMs ?? 0));
  return (step): MarketState => {
    const atMs = startMs + Math.max(0, step) * speed * 1000;
    const eth = rowAt(history.ETH, atMs);
    const btc = rowAt(history.BTC, atMs);
    return {
      pricesUsd: { ETH: eth.priceUsd, BTC: btc.priceUsd },
      volatilities: { ETH: eth.volatility, BTC: btc.volatility },
      settlementUsd: 1,
    };
  };
}

function parseRow(line: string, history: Record<Ticker, Row[]>): string[] {
  const cells = line.split(",").map((cell) => cell.trim());
  if (cells.length !== 4) return [`found ${cells.length} columns, must be 4`];
  const [timestamp = "", name = "", price = "", sigma = ""] = cells;
  const atMs = parseTimestamp(timestamp);
  const ticker = TICKERS.find((known) => known === name.toUpperCase());
  const priceUsd = price === "" ? Number.NaN : Number(price);
  const volatility = sigma === "" ? Number.NaN : Number(sigma);
  const wrong: string[] = [];
  if (Number.isNaN(atMs)) {
    wrong.push(
      `timestamp: found "${timestamp}", must be Unix seconds, milliseconds or ISO 8601 with a zone`,
    );
  }
  if (ticker === undefined)
    wrong.push(`underlying: found "${name}", must be one of ${TICKERS.join(", ")}`);
  if (!(priceUsd > 0 && priceUsd < 1e9))
    wrong.push(`price: found "${price}", must be above 0 and below 1e9`);
  if (!(volatility > 0 && volatility <= VOLATILITY_MAX)) {
    wrong.push(
      `volatility: found "${sigma}", must be above 0 and at most ${VOLATILITY_MAX} (0.65 is 65 %)`,
    );
  }
  if (wrong.length > 0 || ticker === undefined) return wrong;
  const rows = history[ticker];
  const previous = rows.at(-1);
  if (previous !== undefined && atMs <= previous.atMs) {
    return [`timestamp: found ${timestamp}, must be later than the row of ${ticker} before it`];
  }
  rows.push({ atMs, priceUsd, volatility });
  return [];
}

function parseTimestamp(text: string): number {
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,13}$/.test(text)) return Number(text);
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/i.test(text);
  return hasZone ? Date.parse(text) : Number.NaN;
}

/** Latest row at or before `atMs`; the first one before that. */
function rowAt(rows: readonly Row[], atMs: number): Row {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle]?.atMs ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  const row = rows[low];
  if (row === undefined)
    throw new RangeError("a price history needs at least one row per underlying");
  return row;
}
