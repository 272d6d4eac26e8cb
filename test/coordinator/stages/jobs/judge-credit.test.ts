import fc from "fast-check";
import { expect, test } from "vitest";
import {
  absenceAfter,
  absenceAtRecord,
  type CreditAbsence,
  isCreditInDoubt,
  MOVED_BLOCKS_MAX,
} from "#coordinator/stages/jobs/judge-credit.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { aJobRecord, anEntry } from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const GUID = hash32("61");
const OTHER = hash32("62");
const TRANSFER = aJobRecord({ kind: "transfer", shard: "base", target: "ethereum", guid: GUID });
const nobody = () => false;

type Credit = { readonly guid: typeof GUID; readonly blockNumber: number };

/** What an honest agent reports of its target at a block: it lists what its window shows, and nothing else. */
function listing(number: number, finalizedNumber: number, credits: readonly Credit[]): ShardReport {
  const { report } = anEntry({ shard: "ethereum" });
  const fromBlock = finalizedNumber - REPORT_WINDOW_BLOCKS;
  const deliveredTransfers = credits
    .filter(({ blockNumber }) => blockNumber >= fromBlock && blockNumber <= number)
    .map((credit) => ({ ...credit, srcEid: 30_001, amountRaw: "5", blockHash: hash32("b1") }));
  return { ...report, block: { ...report.block, number, finalizedNumber }, deliveredTransfers };
}

/** A target's chain from where a transfer was recorded: which of its blocks reports came of, and where it was credited. */
const histories = fc.record({
  beginsAt: fc.integer({ min: 0, max: 3_000 }),
  finalityBlocks: fc.integer({ min: 1, max: 900 }),
  stepsBlocks: fc.array(
    fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 5_000 })),
    { minLength: 1, maxLength: 12 },
  ),
  creditedAfter: fc.option(fc.integer({ min: 1, max: 9_000 })),
  /** After so many reports its message was known. */
  guidKnownFrom: fc.integer({ min: 0, max: 6 }),
  /** Another transfer, which nobody knows of. */
  strangerAfter: fc.option(fc.integer({ min: 1, max: 9_000 })),
  /** The coordinator is started anew after so many reports. */
  restartAt: fc.option(fc.integer({ min: 0, max: 6 })),
});

test("no book that is counted beside a transfer contains its money, however long nobody looked", () => {
  fc.assert(
    fc.property(histories, (o) => {
      const at = (after: number | null) => (after === null ? [] : [o.beginsAt + after]);
      const credits = [
        ...at(o.creditedAfter).map((blockNumber) => ({ guid: GUID, blockNumber })),
        ...at(o.strangerAfter).map((blockNumber) => ({ guid: OTHER, blockNumber })),
      ];
      const begin = listing(o.beginsAt, o.beginsAt - o.finalityBlocks, []);
      const nameless = { ...TRANSFER, guid: null };
      let absence: CreditAbsence | undefined = absenceAtRecord(nameless, begin);
      let number = o.beginsAt;
      for (const [index, step] of o.stepsBlocks.entries()) {
        number += step;
        if (index === o.restartAt) absence = undefined;
        const book = listing(number, number - o.finalityBlocks, credits);
        const job = index >= o.guidKnownFrom ? TRANSFER : nameless;
        const isListed = book.deliveredTransfers.some(({ guid }) => guid === job.guid);
        // The book lists it: it has arrived, and is in flight no more.
        if (isListed) return;
        absence = absenceAfter(absence, job, book, nobody);
        const isInBook = credits.some(
          ({ guid, blockNumber }) => guid === GUID && blockNumber <= number,
        );
        if (isInBook) expect(isCreditInDoubt(job, absence, book, nobody)).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("nothing is in doubt while no report leaves out a block", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: REPORT_WINDOW_BLOCKS }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 900 }),
      (steps, finalityBlocks) => {
        let number = 1_000;
        let absence: CreditAbsence | undefined = absenceAtRecord(
          TRANSFER,
          listing(number, number - finalityBlocks, []),
        );
        for (const step of steps) {
          number += step;
          const book = listing(number, number - finalityBlocks, []);
          absence = absenceAfter(absence, TRANSFER, book, nobody);
          expect(isCreditInDoubt(TRANSFER, absence, book, nobody)).toBe(false);
        }
      },
    ),
  );
});

const BOOK = listing(1_000, 990, []);

test("a finality that comes in leaps leaves out nothing that an earlier report listed", () => {
  const before = absenceAtRecord(TRANSFER, listing(2_000, 1_000, []));
  const after = listing(2_001, 1_900, []);
  expect(isCreditInDoubt(TRANSFER, before, after, nobody)).toBe(false);
  expect(absenceAfter(before, TRANSFER, after, nobody)?.throughBlock).toBe(
    2_001 - MOVED_BLOCKS_MAX,
  );
});

test("one that nothing is known of is in doubt; one that has ended, or that has arrived later than the book, is not", () => {
  const inDoubt = (change: object) =>
    isCreditInDoubt({ ...TRANSFER, ...change }, undefined, BOOK, nobody);
  expect(inDoubt({})).toBe(true);
  expect(inDoubt({ kind: "swap", target: null })).toBe(false);
  expect(inDoubt({ state: "expired" })).toBe(false);
  expect(inDoubt({ delivery: { blockNumber: 5, isFinal: true } })).toBe(false);
  expect(inDoubt({ arrivedInBlock: 1_001 })).toBe(false);
  expect(inDoubt({ arrivedInBlock: 1_000 })).toBe(true);
  expect(isCreditInDoubt(TRANSFER, undefined, undefined, nobody)).toBe(false);
});

test("what is known of one message says nothing of another that took its place", () => {
  const absence = { guid: OTHER, throughBlock: 1_000 };
  expect(isCreditInDoubt(TRANSFER, absence, BOOK, nobody)).toBe(true);
  expect(absenceAfter(absence, TRANSFER, BOOK, nobody)).toBeUndefined();
});

test("while its message is not known, a credit of a stranger may be its own; of another transfer of ours it is not", () => {
  const nameless = { ...TRANSFER, guid: null };
  const absence = absenceAtRecord(nameless, listing(900, 890, []));
  const book = listing(910, 900, [{ guid: OTHER, blockNumber: 905 }]);
  expect(isCreditInDoubt(nameless, absence, book, nobody)).toBe(true);
  expect(absenceAfter(absence, nameless, book, nobody)).toBe(absence);
  expect(isCreditInDoubt(nameless, absence, book, (guid) => guid === OTHER)).toBe(false);
});
