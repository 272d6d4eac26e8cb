import fc from "fast-check";
import { expect, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { spendingBudget } from "#shard-agent/cycles/spending-budget.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { JournalEntry } from "#shard-agent/records/journal-entry.ts";
import { advanceJournal } from "#shard-agent/stages/advance-journal.ts";
import { DAY_MS } from "#shared/units/time.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const START_MS = 1_790_000_000_000;
const GAS = 100_000n;
const MAX_WEI = 6_000_000n;

const open = (dataDir: string) => sqliteJournal({ dataDir, agent: "base-1" });

function signed(id: string, nonce: number, o: { feeWei: bigint; atMs: number }): JournalEntry {
  const transaction = aSignedTransaction({
    nonce,
    hash: hash32(id),
    callHash: hash32(id),
    gasLimit: GAS,
    maxFeePerGasWei: o.feeWei,
  });
  return aPendingEntry({ id, state: "signed", transaction, updatedAtMs: o.atMs });
}

function budgetOf(journal: Journal, o: { nowMs: () => number; chainMs?: number }) {
  const { block } = aSnapshot();
  const snapshot =
    o.chainMs === undefined ? null : aSnapshot({ block: { ...block, timestampMs: o.chainMs } });
  return spendingBudget({ journal, clock: { nowMs: o.nowMs }, memory: { snapshot } }, MAX_WEI);
}

test("whatever is signed, replaced, mined and restarted in whatever order, no 24 hours cost more than the budget", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("sign" as const), feeWei: fee() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("replace" as const),
        which: fc.nat(9),
        feeWei: fee(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("include" as const), which: fc.nat(9) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("wait" as const),
        ms: fc.constantFrom(1_000, DAY_MS / 3, DAY_MS + 1),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  );
  let refused = 0;
  const check = (steps: readonly Step[]) => {
    const dataDir = temporaryFolder();
    let journal = open(dataDir);
    let nowMs = START_MS;
    let budget = budgetOf(journal, { nowMs: () => nowMs });
    const entries: JournalEntry[] = [];
    for (const one of steps) {
      if (one.do === "wait") nowMs += one.ms;
      if (one.do === "restart") {
        journal.close();
        journal = open(dataDir);
        budget = budgetOf(journal, { nowMs: () => nowMs });
      }
      if (one.do === "sign") {
        const nonce = entries.length;
        const next = signed(String(10 + nonce), nonce, { feeWei: one.feeWei, atMs: nowMs });
        if (budget.judge({ nonce, costWei: GAS * one.feeWei }) !== null) refused += 1;
        else {
          journal.insert(next);
          entries.push(next);
        }
      }
      const at = one.do === "replace" || one.do === "include" ? one.which : 0;
      const entry = entries[at];
      if (entry?.transaction && one.do === "replace" && entry.state === "signed") {
        const { transaction } = entry;
        if (budget.judge({ nonce: at, costWei: GAS * one.feeWei }) !== null) continue;
        const hash = hash32(`${20 + at}${entry.replaced.length}`);
        const newer = { ...transaction, hash, maxFeePerGasWei: one.feeWei };
        const replaced = [...entry.replaced, transaction];
        entries[at] = { ...entry, transaction: newer, replaced, updatedAtMs: nowMs };
        journal.replace(entries[at] as JournalEntry, "signed");
      }
      if (entry?.transaction && one.do === "include" && entry.state === "signed") {
        entries[at] = included(entry, nowMs);
        journal.replace(entries[at] as JournalEntry, "signed");
      }
      // By the most that each nonce may cost, or what it did, of all that were touched within a day or are open.
      const counted = entries.filter((known) => {
        return known.state === "signed" || known.updatedAtMs > nowMs - DAY_MS;
      });
      const spent = counted.reduce((sum, known) => sum + mostOf(known), 0n);
      expect(spent <= MAX_WEI).toBe(true);
      expect((budget.leftWei() ?? 0n) <= MAX_WEI).toBe(true);
    }
    journal.close();
  };
  fc.assert(fc.property(fc.array(step, { maxLength: 14 }), check), { numRuns: 40 });
  expect(refused).toBeGreaterThan(5);
});

type Step =
  | { readonly do: "sign"; readonly feeWei: bigint }
  | { readonly do: "replace"; readonly which: number; readonly feeWei: bigint }
  | { readonly do: "include"; readonly which: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "restart" };

function fee() {
  return fc.bigInt({ min: 1n, max: 40n });
}

/** At half of what it might have cost. */
function included(entry: JournalEntry, atMs: number): JournalEntry {
  const inclusion = {
    transactionHash: entry.transaction?.hash ?? hash32("00"),
    blockNumber: 1,
    blockHash: hash32("b1"),
    blockTimestampMs: atMs,
    succeeded: true,
    gasCostWei: mostOf(entry) / 2n,
  };
  return { ...entry, inclusion, state: advanceJournal("signed", "include"), updatedAtMs: atMs };
}

function mostOf({ transaction, replaced, inclusion }: JournalEntry): bigint {
  if (inclusion !== null) return inclusion.gasCostWei;
  const fees = [...replaced, ...(transaction === null ? [] : [transaction])];
  return fees.reduce((most, one) => {
    const costWei = one.gasLimit * one.maxFeePerGasWei;
    return costWei > most ? costWei : most;
  }, 0n);
}

test("a clock that jumps a day ahead frees nothing: the chain says what time it is", () => {
  const journal = open(temporaryFolder());
  journal.insert(included(signed("11", 0, { feeWei: 60n, atMs: START_MS }), START_MS));
  journal.insert(included(signed("12", 1, { feeWei: 50n, atMs: START_MS }), START_MS));
  const ahead = { nowMs: () => START_MS + 2 * DAY_MS, chainMs: START_MS + 1_000 };
  const transaction = { nonce: 2, costWei: 10n ** 6n };
  expect(budgetOf(journal, ahead).judge(transaction)).toMatchObject({
    liftsAtMs: START_MS + DAY_MS,
  });
  const later = { nowMs: () => START_MS + 2 * DAY_MS, chainMs: START_MS + 2 * DAY_MS };
  expect(budgetOf(journal, later).judge(transaction)).toBeNull();
  journal.close();
});

test("what may still be paid counts however old it is, and what lost its nonce for good does not", () => {
  const journal = open(temporaryFolder());
  const old = signed("11", 0, { feeWei: 55n, atMs: START_MS });
  journal.insert(old);
  const budget = budgetOf(journal, { nowMs: () => START_MS + 3 * DAY_MS });
  expect(budget.judge({ nonce: 1, costWei: 500_001n })).not.toBeNull();
  expect(budget.leftWei()).toBe(500_000n);
  journal.replace({ ...old, state: "superseded", updatedAtMs: START_MS + 3 * DAY_MS }, "signed");
  expect(budget.judge({ nonce: 1, costWei: 500_001n })).toBeNull();
  expect(budget.leftWei()).toBe(MAX_WEI);
  journal.close();
});
