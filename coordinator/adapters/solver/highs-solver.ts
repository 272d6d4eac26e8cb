import { Worker } from "node:worker_threads";
import type { WorkerAnswer, WorkerQuestion } from "#coordinator/adapters/solver/highs-worker.ts";
import { packProgram } from "#coordinator/adapters/solver/pack-program.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { SolveFailure, SolveOutcome } from "#coordinator/records/planning/linear-program.ts";
import type { Log } from "#shared/ports/log.ts";

const WORKER = new URL("./highs-worker.ts", import.meta.url);

/** How long after its limit a solve that does not end is taken for hung. */
const GRACE_MS = 300;

/** How long a thread may take to load the solver before it is taken for hung. */
const STARTING_MAX_MS = 30_000;

export type HighsSolverOptions = {
  readonly log: Log;
  /** Runs in the thread instead of the solver; for tests of what a bad solver does. */
  readonly workerUrl?: URL;
};

type Thread = {
  readonly worker: Worker;
  readonly openedMs: number;
  isUsable: boolean;
  isReady: boolean;
};

type Waiting = {
  readonly question: WorkerQuestion;
  readonly startedMs: number;
  readonly settle: (outcome: SolveOutcome) => void;
};

/**
 * HiGHS in a thread of its own. The thread starts at once, so that the first solve finds it ready, does not keep the
 * process alive, and is replaced when it crashed or did not answer in time.
 */
export function highsSolver({ log, workerUrl = WORKER }: HighsSolverOptions): Solver {
  const state: State = { thread: undefined, waiting: undefined, count: 0, isClosed: false };
  const reopen = (): Thread => {
    state.thread = openThread(state, { log, workerUrl, reopen });
    return state.thread;
  };
  reopen();
  return {
    solve: async (program, { timeLimitMs }) => {
      if (state.isClosed) return failure("crashed", "closed", 0);
      if (state.waiting !== undefined) return failure("busy", "another solve is on", 0);
      state.count += 1;
      const question = { number: state.count, program: packProgram(program), timeLimitMs };
      return await ask(state, state.thread ?? reopen(), question, log);
    },
    close: async () => {
      state.isClosed = true;
      const last = state.thread;
      if (last === undefined) return;
      retire(state, last, failure("crashed", "closed", 0));
      await last.worker.terminate();
    },
  };
}

type State = {
  thread: Thread | undefined;
  waiting: Waiting | undefined;
  count: number;
  isClosed: boolean;
};

type Opening = {
  readonly log: Log;
  readonly workerUrl: URL;
  readonly reopen: () => Thread;
};

function openThread(state: State, { log, workerUrl, reopen }: Opening): Thread {
  const worker = new Worker(workerUrl);
  const thread: Thread = { worker, openedMs: performance.now(), isUsable: true, isReady: false };
  const crashed = (detail: string): void => {
    if (!thread.isUsable) return;
    log.warn("the solver's thread ended", { detail });
    retire(state, thread, failure("crashed", detail, 0));
    // One that never became ready would crash again: it is tried again with the next solve.
    if (thread.isReady && !state.isClosed) reopen();
  };
  worker.unref();
  worker.on("message", (answer: WorkerAnswer) => {
    if (answer === "ready") {
      thread.isReady = true;
      if (state.waiting !== undefined) worker.postMessage(state.waiting.question);
    } else if (answer.number === state.waiting?.question.number) finish(state, answer.outcome);
  });
  worker.on("error", (error) => crashed(error.message));
  worker.on("exit", (code) => crashed(`exit code ${code}`));
  return thread;
}

function ask(
  state: State,
  thread: Thread,
  question: WorkerQuestion,
  log: Log,
): Promise<SolveOutcome> {
  return new Promise((resolve) => {
    const expired = (): void => {
      const detail = `no answer within ${question.timeLimitMs} ms`;
      if (!thread.isReady && performance.now() - thread.openedMs < STARTING_MAX_MS) {
        finish(state, failure("time-limit", "the solver is still starting", 0));
        return;
      }
      log.warn("the solver hangs and is replaced", { detail });
      retire(state, thread, failure("time-limit", detail, 0));
    };
    const timer = setTimeout(expired, question.timeLimitMs + GRACE_MS);
    const settle = (outcome: SolveOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    state.waiting = { question, startedMs: performance.now(), settle };
    if (thread.isReady) thread.worker.postMessage(question);
  });
}

/** Takes a thread out of use; the next solve opens another. */
function retire(state: State, thread: Thread, outcome: SolveFailure): void {
  thread.isUsable = false;
  if (state.thread === thread) state.thread = undefined;
  void thread.worker.terminate();
  finish(state, outcome);
}

function finish(state: State, outcome: SolveOutcome): void {
  const { waiting } = state;
  if (waiting === undefined) return;
  state.waiting = undefined;
  const tookMs = performance.now() - waiting.startedMs;
  waiting.settle({ ...outcome, tookMs });
}

function failure(reason: SolveFailure["reason"], detail: string, tookMs: number): SolveFailure {
  return { solved: false, reason, detail, tookMs };
}
