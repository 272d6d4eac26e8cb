import type { Scheduler } from "#test/simulation/engine/scheduler.ts";

/** Thrown into code of a process that was killed: nothing it does afterwards counts. */
export class ProcessKilled extends Error {
  constructor(name: string) {
    super(`${name} was killed`);
    this.name = "ProcessKilled";
  }
}

/** One life of one process: killed once, never revived; paused and resumed as often as wanted. */
export type SimProcess = {
  readonly name: string;
  readonly isAlive: () => boolean;
  readonly isPaused: () => boolean;
  /** kill -9: what it waits for never comes, what it calls throws. */
  readonly kill: () => void;
  /** SIGSTOP, then SIGCONT after a time. What arrives meanwhile waits. */
  readonly pause: (forMs: number) => void;
  /** The process's own clock. */
  readonly nowMs: () => number;
  readonly setSkewMs: (skewMs: number) => void;
  /**
   * Something outside answers: `perform` happens after `delayMs` even if the process is dead by then,
   * the answer arrives `replyMs` later.
   */
  readonly ask: <T>(delayMs: number, perform: () => T, replyMs?: number) => Promise<T>;
  readonly wait: (ms: number) => Promise<boolean>;
  /** @throws {ProcessKilled} When the process is dead. */
  readonly requireAlive: () => void;
};

export function newProcess(scheduler: Scheduler, name: string, skewMs: number): SimProcess {
  let isAlive = true;
  let isPaused = false;
  let skew = skewMs;
  const backlog: (() => void)[] = [];
  const deliver = (run: () => void): void => {
    if (!isAlive) return;
    if (isPaused) backlog.push(run);
    else run();
  };
  const resume = (): void => {
    isPaused = false;
    for (const run of backlog.splice(0)) run();
  };
  return {
    name,
    isAlive: () => isAlive,
    isPaused: () => isPaused,
    kill: () => {
      isAlive = false;
    },
    pause: (forMs) => {
      if (isPaused || !isAlive) return;
      isPaused = true;
      scheduler.after(forMs, resume);
    },
    nowMs: () => Math.floor(scheduler.nowMs() + skew),
    setSkewMs: (ms) => {
      skew = ms;
    },
    ask: (delayMs, perform, replyMs = 0) =>
      new Promise((resolve, reject) => {
        scheduler.after(delayMs, () => {
          const settle = outcomeOf(perform, resolve, reject);
          if (replyMs > 0) scheduler.after(replyMs, () => deliver(settle));
          else deliver(settle);
        });
      }),
    wait: (ms) => new Promise((resolve) => scheduler.after(ms, () => deliver(() => resolve(true)))),
    requireAlive: () => {
      if (!isAlive) throw new ProcessKilled(name);
    },
  };
}

function outcomeOf<T>(
  perform: () => T,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): () => void {
  try {
    const value = perform();
    return () => resolve(value);
  } catch (error) {
    return () => reject(error);
  }
}
