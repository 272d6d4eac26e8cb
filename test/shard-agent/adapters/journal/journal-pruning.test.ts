import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import {
  isOpen,
  isTerminal,
  type JournalEntry,
  type JournalState,
  newEntry,
} from "#shard-agent/records/journal-entry.ts";
import { advanceJournal, type JournalEvent } from "#shard-agent/stages/advance-journal.ts";
import { aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const START_SECONDS = 1_790_000_000;
const DAY_SECONDS = 86_400;

function open(dataDir: string): Journal {
  return sqliteJournal({ dataDir, agent: "base-1" });
}

function anEntry(id: string, kind: JournalEntry["kind"], atSeconds: number): JournalEntry {
  const o = { id, kind, payload: "{}", deadlineSeconds: atSeconds + 5, gasFeeCapWei: 1n };
  return newEntry({ ...o, state: "checked", updatedAtMs: atSeconds * 1000 });
}

const hash = (text: string): `0x${string}` => `0x${Buffer.from(text).toString("hex")}`;

function signed(entry: JournalEntry, nonce: number): JournalEntry {
  const transaction = aSignedTransaction({
    nonce,
    hash: hash(entry.id),
    callHash: hash(`call ${entry.id}`),
  });
  return { ...entry, state: "signed", transaction };
}

/** A job that was done, from first to last. */
function settle(journal: Journal, id: string, nonce: number, atSeconds: number): JournalEntry {
  const inclusion = {
    transactionHash: hash(id),
    blockNumber: nonce,
    blockHash: hash("block"),
    blockTimestampMs: atSeconds * 1000,
    succeeded: true,
    gasCostWei: 5n,
  };
  const checked = anEntry(id, "job", atSeconds);
  journal.insert(checked);
  const steps: [JournalEvent, Partial<JournalEntry>][] = [
    ["sign", { transaction: signed(checked, nonce).transaction }],
    ["broadcast", {}],
    ["include", { inclusion }],
    ["finalise", {}],
  ];
  let entry = checked;
  for (const [event, change] of steps) {
    const next = { ...entry, ...change, state: advanceJournal(entry.state, event) };
    journal.replace(next, entry.state);
    entry = next;
  }
  return entry;
}

describe("a journal that drops what is over", () => {
  /** What happens to both journals, in this order; `prune` to one of them only. */
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("insert" as const),
        kind: fc.constantFrom<JournalEntry["kind"]>("job", "settlement", "recovery", "cancel"),
      }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        do: fc.constant("advance" as const),
        which: fc.nat(20),
        event: fc.nat(20),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("wait" as const),
        seconds: fc.integer({ min: 0, max: 2 * DAY_SECONDS }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("receipt" as const), which: fc.nat(20) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("told" as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("prune" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  );

  test("answers everything that may still come as one that keeps all, over random histories and restarts", () => {
    let dropped = 0;
    const check = (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) => {
      const dataDir = temporaryFolder();
      let short = open(dataDir);
      const long = open(temporaryFolder());
      const ids: string[] = [];
      let nowSeconds = START_SECONDS;
      let nonce = 0;
      const both = (run: (journal: Journal) => void) => {
        run(short);
        run(long);
      };
      for (const one of steps) {
        if (one.do === "wait") nowSeconds += one.seconds;
        if (one.do === "insert") {
          const id = `${one.kind}:${ids.length % 3}:${ids.length}`;
          ids.push(id);
          both((journal) => journal.insert(anEntry(id, one.kind, nowSeconds)));
        }
        if (one.do === "advance") {
          const entry = long.get(ids[one.which % Math.max(1, ids.length)] ?? "");
          const events = EVENTS.filter((event) => entry && isAllowed(entry.state, event));
          const event = events[one.event % Math.max(1, events.length)];
          if (entry === undefined || event === undefined) continue;
          const { state } = entry;
          const updatedAtMs = nowSeconds * 1000;
          const next = { ...entry, state: advanceJournal(state, event), updatedAtMs };
          const changed = event === "sign" ? signed(next, nonce++) : next;
          both((journal) => journal.replace(changed, state));
        }
        if (one.do === "receipt") {
          const jobId = ids[one.which % Math.max(1, ids.length)];
          if (jobId !== undefined) both((journal) => journal.queueReceipt({ jobId } as never));
        }
        if (one.do === "told") {
          const [oldest] = long.queuedReceipts(1);
          if (oldest !== undefined) both((journal) => journal.dropReceipt(oldest.id));
        }
        if (one.do === "prune") {
          const untilSeconds = nowSeconds - DAY_SECONDS;
          const waiting = short.queuedReceipts(100).map(({ receipt }) => String(receipt.jobId));
          const untold = waiting.filter((id) => short.get(id) !== undefined);
          dropped += short.prune({ untilSeconds, nowMs: nowSeconds * 1000 }).entries;
          for (const id of untold) expect(short.get(id)?.id).toBe(id);
        }
        if (one.do === "restart") {
          short.close();
          short = open(dataDir);
        }
        expectAlike(short, long, ids);
      }
      both((journal) => journal.close());
    };
    const steps = fc.array(step, { minLength: 10, maxLength: 80, size: "max" });
    fc.assert(fc.property(steps, check), { numRuns: 40 });
    expect(dropped).toBeGreaterThan(5);
  });
});

const EVENTS: readonly JournalEvent[] = [
  ...(["sign", "broadcast", "include", "reorg-out", "finalise", "fail"] as const),
  ...(["expire", "refuse", "supersede"] as const),
];

function isAllowed(state: JournalState, event: JournalEvent): boolean {
  try {
    advanceJournal(state, event);
    return true;
  } catch {
    return false;
  }
}

/** Equal in all that anything asks for: what is not over, nonces, receipts, and young attempts, which bound further ones. */
function expectAlike(short: Journal, long: Journal, ids: readonly string[]): void {
  expect(short.unfinished()).toEqual(long.unfinished());
  expect(short.nextNonce()).toBe(long.nextNonce());
  expect(short.queuedReceipts(100)).toEqual(long.queuedReceipts(100));
  for (const id of ids) {
    const [kept, known] = [short.get(id), long.get(id)];
    if (kept !== undefined) expect(kept).toEqual(known);
    else if (known !== undefined) expectNeedless(known, short);
  }
  const isYoung = ({ state, deadlineSeconds }: JournalEntry) =>
    !isTerminal(state) || deadlineSeconds > short.prunedUntilSeconds();
  for (const kind of ["recovery", "settlement"] as const) {
    for (const at of [0, 1, 2]) {
      const bounding = (journal: Journal) => journal.withPrefix(`${kind}:${at}:`).filter(isYoung);
      expect(bounding(short)).toEqual(bounding(long));
    }
  }
}

/** Whoever asks for it is refused without it, and no open transaction has its nonce. */
function expectNeedless(entry: JournalEntry, journal: Journal): void {
  expect(isTerminal(entry.state)).toBe(true);
  expect(entry.deadlineSeconds).toBeLessThanOrEqual(journal.prunedUntilSeconds());
  const openNonces = journal.unfinished().filter(({ state }) => isOpen(state));
  for (const { transaction } of openNonces)
    expect(transaction?.nonce).not.toBe(entry.transaction?.nonce ?? -1);
}

const LATER = START_SECONDS + 200 * DAY_SECONDS;
const ORDER = { untilSeconds: LATER - 90 * DAY_SECONDS, nowMs: LATER * 1000 };

function written(jobs: number): { dataDir: string; path: string } {
  const dataDir = temporaryFolder();
  const journal = open(dataDir);
  for (let at = 0; at < jobs; at += 1) settle(journal, `job-${at}`, at, START_SECONDS + at);
  settle(journal, "young", jobs, LATER);
  journal.close();
  return { dataDir, path: join(dataDir, "base-1.sqlite") };
}

test("the journal of a year does not grow beyond what it keeps, and opens as before", () => {
  const dataDir = temporaryFolder();
  const path = join(dataDir, "base-1.sqlite");
  let journal = open(dataDir);
  const sizes: number[] = [];
  for (let day = 0, nonce = 0; day < 365; day += 1) {
    const nowSeconds = START_SECONDS + day * DAY_SECONDS;
    settle(journal, `job-${nonce}`, nonce++, nowSeconds);
    journal.prune({ untilSeconds: nowSeconds - 30 * DAY_SECONDS, nowMs: nowSeconds * 1000 });
    if (day % 91 === 90) {
      journal.close();
      sizes.push(statSync(path).size);
      journal = open(dataDir);
    }
  }
  expect(journal.get("job-0")).toBeUndefined();
  expect(journal.get("job-364")?.state).toBe("final");
  journal.close();
  const [first = 0] = sizes;
  expect(Math.max(...sizes)).toBeLessThan(1.2 * first);
  const database = new DatabaseSync(path);
  const row = database.prepare("SELECT * FROM pruned").get();
  const left = database.prepare("SELECT count(*) AS n FROM entries").get()?.["n"];
  const signatures = database.prepare("SELECT count(*) AS n FROM signatures").get()?.["n"];
  database.close();
  expect(Number(row?.["entries"]) + Number(left)).toBe(365);
  expect(signatures).toBe(left);
});

test("what was dropped is counted and vouched for: a row altered by hand is refused", () => {
  for (const statement of [
    "UPDATE pruned SET until_seconds = 0",
    "UPDATE pruned SET entries = entries - 1",
    "DELETE FROM pruned",
    "DELETE FROM entries WHERE id = 'young'",
  ]) {
    const { dataDir, path } = written(20);
    const journal = open(dataDir);
    expect(journal.prune(ORDER)).toMatchObject({ entries: 20, links: 100 });
    expect(journal.prunedUntilSeconds()).toBe(ORDER.untilSeconds);
    journal.close();
    open(dataDir).close();
    const database = new DatabaseSync(path);
    database.exec(statement);
    database.close();
    expect(() => open(dataDir), statement).toThrow(/journal-corrupt/);
  }
});

test("a journal that lost a pruning, and all after it, is refused", () => {
  const { dataDir, path } = written(20);
  copyFileSync(path, `${path}.old`);
  const journal = open(dataDir);
  journal.prune(ORDER);
  journal.close();
  copyFileSync(`${path}.old`, path);
  expect(() => open(dataDir)).toThrow(/its tail is lost/);
});

test("a crash between a pruning and its mark loses nothing: the link the old mark names is there", () => {
  const { dataDir, path } = written(20);
  copyFileSync(`${path}.mark`, `${path}.old-mark`);
  const journal = open(dataDir);
  journal.prune(ORDER);
  journal.close();
  copyFileSync(`${path}.old-mark`, `${path}.mark`);
  const again = open(dataDir);
  expect(again.get("job-3")).toBeUndefined();
  expect(again.get("young")?.state).toBe("final");
  again.close();
});

test("an entry that is not over stays behind the links it came with, and is believed", () => {
  const dataDir = temporaryFolder();
  const journal = open(dataDir);
  const stuck = anEntry("stuck", "job", START_SECONDS);
  journal.insert(stuck);
  journal.replace(signed(stuck, 0), "checked");
  settle(journal, "later", 1, START_SECONDS + 1);
  settle(journal, "young", 2, LATER);
  // The stuck one holds the lowest nonce: nothing above it is dropped.
  expect(journal.prune(ORDER)).toMatchObject({ entries: 0 });
  journal.replace({ ...signed(stuck, 0), state: "superseded" }, "signed");
  journal.close();
  const again = open(dataDir);
  expect(again.get("stuck")?.state).toBe("superseded");
  expect(again.get("later")?.state).toBe("final");
  again.close();
});

test("links that a clock dated into the future do not keep a journal from being pruned", () => {
  const dataDir = temporaryFolder();
  const journal = open(dataDir);
  const ahead = { ...settle(journal, "ahead", 0, START_SECONDS), updatedAtMs: 4e12 };
  journal.insert({ ...ahead, id: "dated", transaction: null });
  settle(journal, "young", 1, LATER);
  expect(journal.prune(ORDER)).toMatchObject({ entries: 2 });
  journal.close();
  open(dataDir).close();
});

test("a journal of the version before is taken over", () => {
  const { dataDir, path } = written(3);
  const database = new DatabaseSync(path);
  database.exec("DROP TABLE pruned; PRAGMA user_version = 3");
  database.close();
  const journal = open(dataDir);
  expect(journal.prunedUntilSeconds()).toBe(0);
  expect(journal.prune(ORDER).entries).toBe(3);
  journal.close();
  open(dataDir).close();
});

test.each(["recovery", "settlement"] as const)(
  "a %s that came to nothing goes once it is old",
  (kind) => {
    const journal = open(temporaryFolder());
    const old = anEntry(`${kind}:1:1`, kind, START_SECONDS);
    journal.insert(old);
    journal.replace(signed(old, 0), "checked");
    const failed = { ...signed(old, 0), state: "expired" } as const;
    journal.replace(failed, "signed");
    settle(journal, "young", 1, LATER);
    expect(journal.prune(ORDER)).toMatchObject({ entries: 1 });
    expect(journal.withPrefix(`${kind}:1:`)).toEqual([]);
    journal.close();
  },
);

test("what has ended stays as long as what cancels it is open: they share a nonce", () => {
  const journal = open(temporaryFolder());
  const job = anEntry("job", "job", START_SECONDS);
  const cancel = anEntry("cancel:3:1", "cancel", START_SECONDS);
  for (const one of [job, cancel]) {
    journal.insert(one);
    journal.replace(signed(one, 3), "checked");
  }
  journal.replace({ ...signed(job, 3), state: "superseded" }, "signed");
  settle(journal, "young", 4, LATER);
  expect(journal.prune(ORDER)).toMatchObject({ entries: 0 });
  expect(journal.get("job")?.state).toBe("superseded");
  journal.close();
});
