import type { Log } from "#shared/ports/log.ts";

export type Shutdown = {
  /** Aborted as soon as the shutdown begins: loops end on it. */
  readonly signal: AbortSignal;
  /** Adds a step. Steps run one after the other, the last added first. */
  readonly add: (name: string, run: () => Promise<void> | void) => void;
  /** Begins the shutdown; later calls join the first. Ends the process. */
  readonly begin: (reason: string, exitCode?: number) => Promise<void>;
};

export type ShutdownOptions = {
  readonly log: Log;
  /** Longest time one step may take before the next begins. */
  readonly stepTimeoutMs: number;
  /** Ends the process; `process.exit` when left out. */
  readonly exit?: (code: number) => void;
};

/**
 * Orderly end on SIGTERM or SIGINT. Exit code 0 when every step ended in time, 1 when one failed or
 * was cut off; a second signal ends the process at once with 130.
 */
export function shutdownOnSignals(options: ShutdownOptions): Shutdown {
  const exit = options.exit ?? ((code: number) => process.exit(code));
  const controller = new AbortController();
  const steps: { name: string; run: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;

  const runAll = async (reason: string, exitCode: number): Promise<void> => {
    options.log.info("shutting down", { reason });
    controller.abort();
    let code = exitCode;
    for (const step of [...steps].reverse()) {
      if (!(await runStep(step, options))) code = code === 0 ? 1 : code;
    }
    options.log.info("stopped", { exitCode: code });
    exit(code);
  };
  const begin = (reason: string, exitCode = 0): Promise<void> => {
    running ??= runAll(reason, exitCode);
    return running;
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (running === undefined) void begin(name);
    else exit(130);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return { signal: controller.signal, add: (name, run) => void steps.push({ name, run }), begin };
}

async function runStep(
  step: { name: string; run: () => Promise<void> | void },
  options: ShutdownOptions,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), options.stepTimeoutMs);
  });
  try {
    const ended = await Promise.race([Promise.resolve().then(step.run), limit]);
    if (ended !== "late") return true;
    options.log.error("shutdown step cut off", { step: step.name, limitMs: options.stepTimeoutMs });
    return false;
  } catch (error) {
    options.log.error("shutdown step failed", { step: step.name, error });
    return false;
  } finally {
    clearTimeout(timer);
  }
}
