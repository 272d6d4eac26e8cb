import fc from "fast-check";
import { expect, test } from "vitest";
import { isTerminal, JOURNAL_STATES } from "#shard-agent/records/journal-entry.ts";
import { advanceJournal, type JournalEvent } from "#shard-agent/stages/advance-journal.ts";
import { FatalError } from "#shared/errors.ts";

const EVENTS: readonly JournalEvent[] = [
  "check",
  "refuse",
  "sign",
  "replace",
  "broadcast",
  "include",
  "reorg-out",
  "finalise",
  "fail",
  "expire",
  "supersede",
];

const TABLE = [
  "received check checked",
  "received refuse refused",
  "received expire expired",
  "received supersede superseded",
  "checked sign signed",
  "checked refuse refused",
  "checked expire expired",
  "checked supersede superseded",
  "signed replace signed",
  "signed broadcast broadcast",
  "signed include included",
  "signed expire expired",
  "signed supersede superseded",
  "broadcast replace signed",
  "broadcast broadcast broadcast",
  "broadcast include included",
  "broadcast expire expired",
  "broadcast supersede superseded",
  "included reorg-out signed",
  "included finalise final",
  "included fail reverted",
].map((line) => line.split(" "));

test("every pair of state and event is either in the table or fatal", () => {
  for (const state of JOURNAL_STATES) {
    for (const event of EVENTS) {
      const row = TABLE.find(([from, on]) => from === state && on === event);
      const advance = () => advanceJournal(state, event);
      if (row === undefined) expect(advance).toThrow(FatalError);
      else expect(advance()).toBe(row[2]);
    }
  }
});

test("a refused transition names the state, the event and what is allowed", () => {
  expect(() => advanceJournal("included", "sign")).toThrow(
    "Journal state included: found event sign; allowed: reorg-out, finalise, fail. [unknown-transition]",
  );
});

test("whatever happens, nothing is signed twice without a reorganisation and nothing leaves a terminal state", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 }), (events) => {
      let state: (typeof JOURNAL_STATES)[number] = "received";
      let signed = 0;
      for (const event of events) {
        const before = state;
        try {
          state = advanceJournal(state, event);
        } catch {
          continue;
        }
        expect(isTerminal(before)).toBe(false);
        if (event === "sign") signed += 1;
      }
      expect(signed).toBeLessThanOrEqual(1);
    }),
  );
});
