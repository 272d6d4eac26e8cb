import type { DatabaseSync } from "node:sqlite";

/** Runs `write` in one transaction: all of it is on disk afterwards, or nothing when it throws. */
export function inTransaction(db: DatabaseSync, write: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    write();
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
