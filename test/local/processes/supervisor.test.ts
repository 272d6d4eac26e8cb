import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSupervisor } from "#test/local/processes/supervisor.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

/** A process that ignores SIGTERM only if told so, and has a child of its own. */
const PARENT_WITH_CHILD = `
  const { spawn } = require("node:child_process");
  const child = spawn("sleep", ["600"]);
  require("node:fs").writeFileSync(process.argv[1], process.pid + " " + child.pid);
  setInterval(() => {}, 1000);
`;

test("stops a process and its children, in the reverse order of starting", async () => {
  const folder = temporaryFolder();
  const supervisor = createSupervisor(folder);
  const pidFile = join(folder, "pids");
  const started = supervisor.start({
    name: "one",
    command: process.execPath,
    args: ["-e", PARENT_WITH_CHILD, pidFile],
  });
  supervisor.start({ name: "two", command: "sleep", args: ["600"] });
  const pids = await pidsIn(pidFile);
  expect(started.isAlive()).toBe(true);
  await Promise.all([supervisor.stop(), supervisor.stop()]);
  expect(started.isAlive()).toBe(false);
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
  expect(() => supervisor.start({ name: "three", command: "sleep", args: ["1"] })).toThrow(
    /being stopped/,
  );
});

test("tells which process ended that nobody stopped, how, and the end of its log", async () => {
  const supervisor = createSupervisor(temporaryFolder());
  const script = 'console.log("all is lost"); process.exit(7)';
  supervisor.start({ name: "weak", command: process.execPath, args: ["-e", script] });
  expect(await supervisor.unexpectedExit).toEqual({
    name: "weak",
    how: "exit code 7",
    logTail: "all is lost",
  });
  await supervisor.stop();
});

test("a file it owns goes when it stops, and one that was never written is no fault", async () => {
  const folder = temporaryFolder();
  const supervisor = createSupervisor(folder);
  const [file, unwritten] = [join(folder, "world.json"), join(folder, "none.json")];
  supervisor.own(file);
  supervisor.own(unwritten);
  writeFileSync(file, "{}");
  await supervisor.stop();
  expect([file, unwritten].filter(existsSync)).toEqual([]);
});

test("nothing is left behind when the supervisor itself is killed outright", async () => {
  const folder = temporaryFolder();
  const pidFile = join(folder, "pids");
  const secrets = join(folder, "world.json");
  writeFileSync(secrets, "{}");
  const script = join(folder, "parent.ts");
  const source = join(import.meta.dirname, "supervisor.ts");
  const child = {
    name: "child",
    command: process.execPath,
    args: ["-e", PARENT_WITH_CHILD, pidFile],
  };
  writeFileSync(
    script,
    `import { createSupervisor } from ${JSON.stringify(source)};
     const supervisor = createSupervisor(${JSON.stringify(folder)});
     supervisor.own(${JSON.stringify(secrets)});
     supervisor.start(${JSON.stringify(child)});
     setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [script], { stdio: "ignore" });
  const pids = await pidsIn(pidFile);
  expect(pids.every(isRunning)).toBe(true);
  expect(existsSync(secrets)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => pids.filter(isRunning), { timeout: 10_000 }).toEqual([]);
  expect(existsSync(secrets)).toBe(false);
});

async function pidsIn(file: string): Promise<number[]> {
  await expect
    .poll(() => existsSync(file) && readFileSync(file, "utf8").includes(" "), { timeout: 10_000 })
    .toBe(true);
  return readFileSync(file, "utf8").split(" ").map(Number);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended but was not yet collected by its parent still takes signals.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
