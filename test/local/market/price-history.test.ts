import { expect, test } from "vitest";
import {
  historyPath,
  loadPriceHistory,
  parsePriceHistory,
} from "#test/local/market/price-history.ts";

const HEADER = "timestamp,underlying,price,volatility";
const GOOD = [
  HEADER,
  "2026-01-01T00:00:00Z,ETH,3000,0.6",
  "1767225660,BTC,60000,0.5",
  "1767225720000,ETH,3100,0.7",
].join("\n");

test("replays the latest row at or before the moment, at the speed asked for", () => {
  const { history, problems } = parsePriceHistory(GOOD);
  expect(problems).toEqual([]);
  const path = historyPath(history, 30);
  expect(path(0).pricesUsd).toEqual({ ETH: 3000, BTC: 60000 });
  expect(path(1).pricesUsd.ETH).toBe(3000);
  expect(path(2).pricesUsd.ETH).toBe(3100);
  expect(path(2).volatilities.ETH).toBe(0.7);
  expect(path(1000).pricesUsd).toEqual({ ETH: 3100, BTC: 60000 });
});

test.each([
  {
    row: "1767225600,DOGE,1,0.5",
    problem: 'line 2: underlying: found "DOGE", must be one of ETH, BTC',
  },
  {
    row: "1767225600,ETH,-1,0.5",
    problem: 'line 2: price: found "-1", must be above 0 and below 1e9',
  },
  { row: "1767225600,ETH,,0.5", problem: 'line 2: price: found "", must be above 0 and below 1e9' },
  {
    row: "1767225600,ETH,1,65",
    problem: 'line 2: volatility: found "65", must be above 0 and at most 5 (0.65 is 65 %)',
  },
  {
    row: "2026-01-01 00:00,ETH,1,0.5",
    problem:
      'line 2: timestamp: found "2026-01-01 00:00", must be Unix seconds, milliseconds or ISO 8601 with a zone',
  },
  { row: "1767225600,ETH,1", problem: "line 2: found 3 columns, must be 4" },
])("names what is wrong in $row", ({ row, problem }) => {
  expect(parsePriceHistory(`${HEADER}\n${row}\n`).problems).toContain(problem);
});

test("names every wrong row at once, rows out of order, a wrong header and a missing underlying", () => {
  const text = ["time,price", "1767225600,ETH,1,0.5", "1767225600,ETH,2,0.5", "x,ETH,3,9"].join(
    "\n",
  );
  const { problems } = parsePriceHistory(text);
  expect(problems).toEqual([
    `line 1: found "time,price", must be "${HEADER}"`,
    "line 3: timestamp: found 1767225600, must be later than the row of ETH before it",
    expect.stringContaining("line 4: timestamp"),
    expect.stringContaining("line 4: volatility"),
    "no row for BTC; each of ETH, BTC needs one",
  ]);
});

test("a file that is not there is a clear error", () => {
  expect(() => loadPriceHistory("/nowhere/prices.csv")).toThrow(/cannot be read: ENOENT/);
});
