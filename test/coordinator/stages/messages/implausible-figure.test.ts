import { expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { decisionRecordSchema } from "#coordinator/records/planning/decision-record.ts";
import { implausibleFigure } from "#coordinator/stages/messages/implausible-figure.ts";
import { type ShardReport, shardReportSchema } from "#shared/wire/shard-report.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";

const NINES = "9".repeat(58);
/** Well-formed, but no library encodes it: a mandate that named it would end the pass. */
const WRONG_CHECKSUM = "0xAbcdef0000000000000000000000000000000001";

function first<T>(lines: readonly T[], change: Partial<T>): T[] {
  return lines.map((line, index) => (index === 0 ? { ...line, ...change } : line));
}

const CASES: readonly [string, (report: ShardReport) => Partial<ShardReport>][] = [
  [
    "capacity[0].buy[0].amountOutRaw",
    ({ capacity }) => ({
      capacity: first(capacity, { buy: [{ amountInRaw: "1000000", amountOutRaw: NINES }] }),
    }),
  ],
  [
    "collateral[0].amountRaw",
    ({ collateral }) => ({ collateral: first(collateral, { amountRaw: NINES }) }),
  ],
  [
    "collateral[0].priceUsd",
    ({ collateral }) => ({ collateral: first(collateral, { priceUsd: 1e-300 }) }),
  ],
  ["market[0].spotUsd", ({ market }) => ({ market: first(market, { spotUsd: 1e-300 }) })],
  ["book[0].quantity", ({ book }) => ({ book: first(book, { quantity: -1.7e308 }) })],
  ["book[0].strikeUsd", ({ book }) => ({ book: first(book, { strikeUsd: 1e300 }) })],
  ["perps[0].sizeE18", ({ perps }) => ({ perps: first(perps, { sizeE18: `-${NINES}` }) })],
  ["perps[0].markUsd", ({ perps }) => ({ perps: first(perps, { markUsd: 1e-300 }) })],
  ["capacity[0].pool", ({ capacity }) => ({ capacity: first(capacity, { pool: WRONG_CHECKSUM }) })],
  ["perps[0].market", ({ perps }) => ({ perps: first(perps, { market: WRONG_CHECKSUM }) })],
  ["chain.capitalRaw", ({ chain }) => ({ chain: { ...chain, capitalRaw: NINES } })],
];

test.each(CASES)("%s is named, although the schema takes it", (path, change) => {
  const report = aFullReport();
  const worse = { ...report, ...change(report) };
  expect(shardReportSchema.safeParse(worse).success).toBe(true);
  expect(implausibleFigure(worse)?.split(": found ")[0]).toBe(path);
});

test("a full report has none, nor has one with an option that is worth nothing", () => {
  const report = aFullReport();
  expect(implausibleFigure(report)).toBeUndefined();
  expect(
    implausibleFigure({ ...report, book: first(report.book, { markUsd: 0 }) }),
  ).toBeUndefined();
});

test("at the bounds themselves a plan can be made and read back", () => {
  const input = aRandomPass({ seed: 3, shards: 3, underlyings: 2, venues: 1, perps: 1 });
  const [entry, ...others] = input.entries;
  if (entry === undefined) throw new Error("no entry");
  const { report } = entry;
  const buy = [{ amountInRaw: "1000000", amountOutRaw: "9".repeat(57) }];
  const large = {
    ...report,
    capacity: report.capacity.map((line) => ({ ...line, buy })),
    book: first(report.book, { quantity: 1e18, strikeUsd: 1e18 }),
  };
  expect(implausibleFigure(large)).toBeUndefined();
  const { decision } = planPass({ ...input, entries: [{ ...entry, report: large }, ...others] });
  expect(decisionRecordSchema.safeParse(JSON.parse(JSON.stringify(decision))).success).toBe(true);
});
