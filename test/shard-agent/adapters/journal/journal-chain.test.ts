import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { newEntry } from "#shard-agent/records/journal-entry.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

function received(id: string) {
  const payload = "{}";
  const o = { id, kind: "job", state: "received", payload, deadlineSeconds: 1 } as const;
  return newEntry({ ...o, gasFeeCapWei: 1n, updatedAtMs: 1 });
}

function written(ids: readonly string[]): { dataDir: string; path: string } {
  const dataDir = temporaryFolder();
  const journal = sqliteJournal({ dataDir, agent: "base-1" });
  for (const id of ids) journal.insert(received(id));
  journal.close();
  return { dataDir, path: join(dataDir, "base-1.sqlite") };
}

function open(dataDir: string) {
  return sqliteJournal({ dataDir, agent: "base-1" });
}

test("a journal that lost its last writes is refused, naming the file", () => {
  const { dataDir, path } = written(["a"]);
  const old = `${path}.old`;
  copyFileSync(path, old);
  const journal = open(dataDir);
  journal.insert(received("b"));
  journal.close();
  copyFileSync(old, path);
  expect(() => open(dataDir)).toThrow(
    new RegExp(`${path}: its tail is lost: link 2 was written.*journal-corrupt`),
  );
});

test("a torn write-ahead log after a crash is refused: SQLite alone would drop its tail", () => {
  const { dataDir, path } = written(["a"]);
  const journal = open(dataDir);
  journal.insert(received("b"));
  journal.insert(received("c"));
  // What a crash leaves: the log is not folded into the database.
  const crashed = temporaryFolder();
  for (const suffix of ["", "-wal", ".mark"])
    copyFileSync(`${path}${suffix}`, join(crashed, `base-1.sqlite${suffix}`));
  journal.close();
  const wal = join(crashed, "base-1.sqlite-wal");
  truncateSync(wal, readFileSync(wal).length - 100);
  expect(() => open(crashed)).toThrow(/base-1\.sqlite: its tail is lost/);
});

test("a log that a crash left whole is read to its end", () => {
  const { dataDir, path } = written(["a"]);
  const journal = open(dataDir);
  journal.insert(received("b"));
  const crashed = temporaryFolder();
  for (const suffix of ["", "-wal", ".mark"])
    copyFileSync(`${path}${suffix}`, join(crashed, `base-1.sqlite${suffix}`));
  journal.close();
  const again = open(crashed);
  expect(again.get("b")?.state).toBe("received");
  again.close();
});

test("a damaged file is refused, naming it", () => {
  const { dataDir, path } = written(["a", "b"]);
  const bytes = readFileSync(path);
  bytes.fill(0xab, 4096, 12_288);
  writeFileSync(path, bytes);
  expect(() => open(dataDir)).toThrow(/base-1\.sqlite: .*journal-corrupt/s);
  writeFileSync(path, "this is no database at all, whatever its name may say".repeat(100));
  expect(() => open(dataDir)).toThrow(/base-1\.sqlite: SQLite cannot read it.*journal-corrupt/);
});

test("an entry or a link that was altered by hand is refused", () => {
  const alter = (statement: string) => {
    const { dataDir, path } = written(["a", "b"]);
    const database = new DatabaseSync(path);
    database.exec(statement);
    database.close();
    return () => open(dataDir);
  };
  expect(alter("UPDATE entries SET body = replace(body, 'received', 'refused')")).toThrow(
    /entry a was altered/,
  );
  expect(alter("UPDATE transitions SET to_state = 'final' WHERE number = 1")).toThrow(
    /link 1 does not follow from link 0/,
  );
  expect(alter("DELETE FROM transitions WHERE number = 1")).toThrow(/link 2 does not follow/);
});

test("an entry signs one call with one nonce, at whatever fees", () => {
  const journal = open(temporaryFolder());
  const first = aPendingEntry({ state: "signed" });
  journal.insert(first);
  const bumped = aSignedTransaction({ hash: hash32("ab"), maxFeePerGasWei: 4n });
  const second = { ...first, transaction: bumped, replaced: [first.transaction] };
  journal.replace(second, "signed");
  for (const change of [{ nonce: 8 }, { callHash: hash32("cb") }]) {
    const transaction = aSignedTransaction({ hash: hash32("ac"), ...change });
    expect(() => journal.replace({ ...second, transaction }, "signed")).toThrow(
      /journal-signed-twice/,
    );
  }
  expect(journal.get(first.id)?.transaction).toEqual(bumped);
  journal.close();
});

test("two open entries never share a nonce, unless one cancels the other", () => {
  const journal = open(temporaryFolder());
  journal.insert(aPendingEntry({ id: "one" }));
  const rival = (id: string, kind: "job" | "cancel", hash: string) =>
    journal.insert(
      aPendingEntry({ id, kind, transaction: aSignedTransaction({ hash: hash32(hash) }) }),
    );
  expect(() => rival("two", "job", "b1")).toThrow(/journal-signed-twice/);
  rival("cancel:7:1", "cancel", "b2");
  journal.replace({ ...aPendingEntry({ id: "one" }), state: "expired" }, "broadcast");
  rival("three", "job", "b3");
  journal.close();
});
