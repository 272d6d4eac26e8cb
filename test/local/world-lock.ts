import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FatalError } from "#shared/errors.ts";

/**
 * Takes the folder for one world at a time; the file in it names the process that has it. A lock whose
 * process is gone does not count.
 *
 * @returns Gives the folder free again.
 * @throws {FatalError} `world-locked` if another world runs in the folder.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lock");
  const holder = holderOf(file);
  if (holder !== null) {
    throw new FatalError(
      "world-locked",
      `a world already runs in ${folder} (process ${holder}); stop it first`,
    );
  }
  rmSync(file, { force: true });
  writeFileSync(file, `${process.pid}\n`, { mode: 0o600, flag: "wx" });
  return () => rmSync(file, { force: true });
}

/** Process that holds the lock and is alive, or null. */
function holderOf(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return null;
    process.kill(pid, 0);
    return pid;
  } catch {
    return null;
  }
}
