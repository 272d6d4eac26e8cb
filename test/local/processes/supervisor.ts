import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FatalError } from "#shared/errors.ts";

/** A process that died although nobody stopped it. */
export type UnexpectedExit = {
  readonly name: string;
  readonly how: string;
  readonly logTail: string;
};

type ProcessOptions = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
};

/** One running child; `stop` ends it and its own children, and is safe to call twice. */
export type SupervisedProcess = {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  readonly isAlive: () => boolean;
  /** Sends a signal to the process alone. */
  readonly signal: (name: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
};

export type Supervisor = {
  readonly start: (options: ProcessOptions) => SupervisedProcess;
  /** A file that is removed when everything was stopped, and also when the parent is killed outright. */
  readonly own: (file: string) => void;
  /** Stops everything in the reverse order of starting. */
  readonly stop: () => Promise<void>;
  /** Settles when a child ends that nobody stopped; never rejects. */
  readonly unexpectedExit: Promise<UnexpectedExit>;
};

/** After this long a child that ignores SIGTERM is killed. */
const KILL_AFTER_MS = 10_000;
const LOG_TAIL_LINES = 15;

/**
 * Starts children, each with a log file and in a process group of its own: Ctrl-C reaches only the
 * parent, which stops them in order. A reaper process ends them, and removes the files the parent owns, if the parent is
 * killed outright.
 */
export function createSupervisor(logDir: string): Supervisor {
  mkdirSync(logDir, { recursive: true });
  const reaper = startReaper();
  const processes: SupervisedProcess[] = [];
  const owned: string[] = [];
  const exit = Promise.withResolvers<UnexpectedExit>();
  let stopping: Promise<void> | undefined;

  const start = (options: ProcessOptions): SupervisedProcess => {
    if (stopping !== undefined) {
      throw new FatalError(
        "world-stopping",
        `${options.name}: cannot start, the world is being stopped.`,
      );
    }
    const started = startProcess(options, { logDir, reaper, onUnexpectedExit: exit.resolve });
    processes.push(started);
    return started;
  };
  const stopAll = async () => {
    for (const running of processes.toReversed()) await running.stop();
    for (const file of owned) rmSync(file, { force: true });
    reaper.end();
  };
  return {
    start,
    own: (file) => {
      owned.push(file);
      reaper.own(file);
    },
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
    unexpectedExit: exit.promise,
  };
}

type Reaper = {
  readonly add: (pid: number) => void;
  readonly remove: (pid: number) => void;
  readonly own: (file: string) => void;
  readonly end: () => void;
};

function startReaper(): Reaper {
  const child = spawn(process.execPath, [join(import.meta.dirname, "reaper.ts")], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // The pipe breaks when the reaper was killed; the world goes on, only less protected.
  child.stdin.on("error", () => undefined);
  child.on("error", () => undefined);
  child.unref();
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  return {
    add: (pid) => child.stdin.write(`+${pid}\n`),
    remove: (pid) => child.stdin.write(`-${pid}\n`),
    own: (file) => child.stdin.write(`=${file}\n`),
    end: () => child.stdin.end(),
  };
}

type StartContext = {
  readonly logDir: string;
  readonly reaper: Reaper;
  readonly onUnexpectedExit: (exit: UnexpectedExit) => void;
};

function startProcess(options: ProcessOptions, context: StartContext): SupervisedProcess {
  const logFile = join(context.logDir, `${options.name}.log`);
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(options.command, options.args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...options.env },
  });
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) {
    child.on("error", () => undefined);
    throw new FatalError(
      "world-spawn",
      `${options.name}: ${options.command} could not be started.`,
    );
  }
  context.reaper.add(pid);
  let wanted = true;
  let stopping: Promise<void> | undefined;
  child.once("exit", (code, signal) => {
    context.reaper.remove(pid);
    if (!wanted) return;
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    context.onUnexpectedExit({ name: options.name, how, logTail: logTail(logFile) });
  });
  return {
    name: options.name,
    pid,
    logFile,
    isAlive: () => isAlive(child),
    signal: (name) => {
      child.kill(name);
    },
    stop: () => {
      wanted = false;
      stopping ??= stopGroup(child, pid);
      return stopping;
    },
  };
}

async function stopGroup(child: ChildProcess, pid: number): Promise<void> {
  if (!isAlive(child)) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  signalGroup(pid, "SIGTERM");
  const timeout = new AbortController();
  const inTime = await Promise.race([
    exited.then(() => true),
    sleep(KILL_AFTER_MS, false, { signal: timeout.signal }).catch(() => true),
  ]);
  timeout.abort();
  if (inTime) return;
  signalGroup(pid, "SIGKILL");
  await exited;
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is already gone.
  }
}

/** Last lines of a log file; empty when it cannot be read. */
export function logTail(logFile: string): string {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
  } catch {
    return "";
  }
}
