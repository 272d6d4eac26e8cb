/**
 * Ends the process groups of a world whose parent died without stopping them (kill -9, a crash, a
 * closed terminal), and removes the files that must not outlive it. The parent holds the other end of standard input and
 * writes one line per change, `+<pid>`, `-<pid>` or `=<file>`; end of input while groups are listed means that the parent
 * is gone.
 *
 * Runs in a process group of its own, so that Ctrl-C does not reach it.
 */
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

const KILL_AFTER_MS = 3_000;
const groups = new Set<number>();
const files = new Set<string>();

createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (line.startsWith("=")) files.add(line.slice(1));
    const pid = Number(line.slice(1));
    if (!Number.isInteger(pid) || pid <= 1) return;
    if (line.startsWith("+")) groups.add(pid);
    else groups.delete(pid);
  })
  .on("close", () => {
    for (const file of files) rmSync(file, { force: true });
    signalAll("SIGTERM");
    const deadlineMs = Date.now() + KILL_AFTER_MS;
    const timer = setInterval(() => {
      const alive = [...groups].filter((pid) => signal(pid, 0));
      if (alive.length > 0 && Date.now() < deadlineMs) return;
      clearInterval(timer);
      signalAll("SIGKILL");
    }, 50);
  });

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);

function signalAll(name: NodeJS.Signals): void {
  for (const pid of groups) signal(pid, name);
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}
