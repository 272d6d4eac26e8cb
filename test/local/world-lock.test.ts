import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockFolder } from "#test/local/world-lock.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

test("a folder whose world is alive is refused, with its process", () => {
  const folder = temporaryFolder();
  const other = spawn("sleep", ["60"]);
  try {
    writeFileSync(join(folder, "lock"), `${other.pid}\n`);
    expect(() => lockFolder(folder)).toThrow(new RegExp(`process ${other.pid}`));
  } finally {
    other.kill();
  }
});

test("a lock left by a process that is gone does not count, nor one that was given back", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "lock"), "999999999\n");
  const unlock = lockFolder(folder);
  unlock();
  lockFolder(folder)();
});
