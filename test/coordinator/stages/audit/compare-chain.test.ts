import { describe, expect, test } from "vitest";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { ChainAudit } from "#coordinator/records/safety/chain-audit.ts";
import { askChain } from "#coordinator/stages/audit/ask-chain.ts";
import { checkFigures } from "#coordinator/stages/audit/check-figures.ts";
import { compareWithChain } from "#coordinator/stages/audit/compare-chain.ts";
import { correctedEntry } from "#coordinator/stages/audit/correct-entry.ts";
import { valueBooks } from "#coordinator/stages/risk/value-books.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { auditOf } from "#test/support/coordinator/chain-audit.ts";
import {
  anEntry,
  anOption,
  aShardSetup,
  BLOCK_MS,
  EXPIRY_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const SETUP = aShardSetup("base");
const CALLS = -10;
/** An honest report: its Greeks, marks and scenarios follow from its own book and market. */
function honest(change: Partial<ShardReport> = {}): BookEntry {
  const expiryMs = Math.floor(EXPIRY_MS / 1000) * 1000;
  const book = [{ ...anOption({ quantity: CALLS }), expiryMs }];
  const entry = anEntry({ shard: "base", hedgeUnits: 5, change: { book, ...change } });
  const line = entry.report.market[0];
  if (line === undefined) throw new Error("no market");
  const { spotUsd, underlying } = line;
  const snapshot = {
    asOfMs: BLOCK_MS,
    settlementUsd: 1,
    underlyings: new Map([
      [
        underlying,
        {
          underlying,
          spotUsd,
          sources: [],
          volatilitySource: null,
          spotSpreadFraction: null,
          slices: line.volatility,
          refused: null,
        },
      ],
    ]),
  };
  const [valued] = valueBooks([entry], snapshot, new Set());
  const own = valued?.underlyings.get("ETH");
  if (own === undefined) throw new Error("not valued");
  const greeks = own.lines.map((one) => ({ underlying, expiryMs: one.expiryMs, ...one.greeks }));
  const markUsd = own.optionValueUsd / CALLS;
  const marked = entry.report.book.map((one) => ({ ...one, markUsd }));
  const scenarioPnlUsd = [...own.gridPnlUsd];
  return { ...entry, report: { ...entry.report, book: marked, greeks, scenarioPnlUsd } };
}

const lied = (change: (report: ShardReport) => Partial<ShardReport>): BookEntry => {
  const entry = honest();
  return { ...entry, report: { ...entry.report, ...change(entry.report) } };
};

const NOTHING_ASKED = { jobIds: [], guids: new Set<string>(), turn: 0 };

/** The chain of the honest report, on which one job was consumed. */
function truth(): ChainAudit {
  const { report } = honest();
  const asked = askChain(report, SETUP, NOTHING_ASKED);
  return { ...auditOf(report, SETUP, asked), consumed: new Set([hash32("0b")]) };
}

function compare({ report }: BookEntry, jobIds: Hex[] = []) {
  const asked = askChain(report, SETUP, { ...NOTHING_ASKED, jobIds });
  const look = { audit: truth(), setup: SETUP, asked, guids: new Set<string>() };
  return compareWithChain(report, { ...look, depthToleranceFraction: 0.001 });
}

describe("an honest report", () => {
  test("agrees with its chain to the last unit, and its figures follow from its book", () => {
    expect(compare(honest())).toBeUndefined();
    expect(checkFigures(honest(), 1e-9)).toBeUndefined();
  });

  test("may have seen another market than everybody else: its figures are its own market's", () => {
    const { report } = honest();
    const market = report.market.map((line) => ({ ...line, spotUsd: 1500 }));
    expect(checkFigures(honest({ market }), 1e-9)).toBeUndefined();
  });
});

const CONSUMED = {
  jobId: hash32("aa"),
  action: 1,
  blockNumber: 3,
  blockHash: hash32("b1"),
  blockTimestampMs: BLOCK_MS,
  transactionHash: hash32("77"),
  amountInRaw: "1",
  amountOutRaw: "1",
  guid: null,
};

test.each<{ name: string; lie: (report: ShardReport) => Partial<ShardReport>; found: string }>([
  {
    name: "more money than there is",
    lie: ({ collateral }) => ({
      collateral: collateral.map((one) => ({ ...one, amountRaw: "9000000000000" })),
    }),
    found: "USDX in the vault 1000000000000",
  },
  {
    name: "a balance left out",
    lie: ({ collateral }) => ({ collateral: collateral.filter((one) => one.underlying === null) }),
    found: "ETH in the vault 5000000000000000000",
  },
  {
    name: "fewer options than it is short",
    lie: () => ({ book: [anOption({ quantity: -1 })] }),
    found: "-10 ETH call 2000",
  },
  { name: "no options at all", lie: () => ({ book: [] }), found: "-10 ETH call 2000" },
  {
    name: "an option nobody has",
    lie: ({ book }) => ({ book: [...book, anOption({ seriesId: hash32("77"), quantity: 50 })] }),
    found: "nothing",
  },
  {
    name: "another leader",
    lie: ({ chain }) => ({ chain: { ...chain, epoch: 9 } }),
    found: "epoch 1",
  },
  {
    name: "more capital",
    lie: ({ chain }) => ({ chain: { ...chain, capitalRaw: "5" } }),
    found: "capitalRaw 1000000000000",
  },
])("a report that says $name is found out", ({ lie, found }) => {
  expect(compare(lied(lie))?.found).toContain(found);
});

test("a job that is not consumed is found out when it is ours; others' jobs are not ours to judge", () => {
  const report = lied(() => ({ consumedJobs: [CONSUMED] }));
  expect(compare(report, [hash32("aa")])?.found).toContain("not consumed");
  expect(compare(report, [])).toBeUndefined();
  const done = lied(() => ({ consumedJobs: [{ ...CONSUMED, jobId: hash32("0b") }] }));
  expect(compare(done, [hash32("0b")])).toBeUndefined();
});

test.each<{ name: string; lie: (report: ShardReport) => Partial<ShardReport>; found: string }>([
  {
    name: "a delta that is not its book's",
    lie: ({ greeks }) => ({
      greeks: greeks.map((one) => ({ ...one, deltaUnits: one.deltaUnits * 1.01 })),
    }),
    found: "deltaUnits",
  },
  { name: "no Greeks", lie: () => ({ greeks: [] }), found: "deltaUnits" },
  {
    name: "Greeks of what it does not have",
    lie: ({ greeks }) => {
      const [first] = greeks;
      return { greeks: first === undefined ? [] : [...greeks, { ...first, expiryMs: 1 }] };
    },
    found: "no position of ETH 1",
  },
  {
    name: "a mark that is not worth it",
    lie: ({ book }) => ({ book: book.map((one) => ({ ...one, markUsd: 1 })) }),
    found: "mark of series",
  },
  {
    name: "losses that are smaller",
    lie: ({ scenarioPnlUsd }) => ({ scenarioPnlUsd: scenarioPnlUsd.map((one) => one / 2) }),
    found: "P&L in scenario",
  },
  {
    name: "another grid",
    lie: () => ({ scenarioPnlUsd: [1, 2] }),
    found: `${STANDARD_GRID.length} scenarios`,
  },
])("figures with $name are found out", ({ lie, found }) => {
  expect(checkFigures(lied(lie), 0.001)?.found).toContain(found);
});

test("what is left of a liar's report is what its chain says, and nothing that is only its word", () => {
  const liar = lied(({ collateral }) => ({
    book: [],
    collateral: collateral.map((one) => ({ ...one, amountRaw: "1" })),
    consumedJobs: [CONSUMED],
  }));
  const { report } = correctedEntry(liar, truth(), SETUP);
  expect(report).toMatchObject({ market: [], capacity: [], consumedJobs: [] });
  const { market, capacity } = honest().report;
  const feeds = { market, capacity };
  expect(compare({ ...liar, report: { ...report, ...feeds } })).toBeUndefined();
});
