/** How a user or the system ends a run. */
export type RunControl = {
  /** Settles at the first Ctrl-C. */
  readonly interrupt: Promise<void>;
  /** Rejects at the second Ctrl-C, at SIGTERM, SIGHUP, and at an error nobody caught. */
  readonly abort: Promise<never>;
  readonly end: () => void;
};

/** Listens until `end`; `say` tells the user what the first Ctrl-C does. */
export function listenForSignals(say: (text: string) => void): RunControl {
  const interrupt = Promise.withResolvers<void>();
  const abort = Promise.withResolvers<never>();
  abort.promise.catch(() => undefined);
  let interrupts = 0;
  const onInterrupt = () => {
    interrupts += 1;
    if (interrupts === 1)
      say(
        "\nstopping; a running world lets its last jobs finish first, Ctrl-C again stops it at once",
      );
    if (interrupts === 1) interrupt.resolve();
    else abort.reject(new Abort(130));
  };
  const stopAtOnce = (signal: string, exitCode: number) => {
    say(`\n${signal}: stopped at once, nothing was checked`);
    abort.reject(new Abort(exitCode));
  };
  const onTerminate = () => stopAtOnce("SIGTERM", 143);
  const onHangUp = () => stopAtOnce("SIGHUP", 129);
  process.on("SIGINT", onInterrupt).on("SIGTERM", onTerminate).on("SIGHUP", onHangUp);
  process.on("uncaughtException", abort.reject).on("unhandledRejection", abort.reject);
  return {
    interrupt: interrupt.promise,
    abort: abort.promise,
    end: () => {
      process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate).off("SIGHUP", onHangUp);
      process.off("uncaughtException", abort.reject).off("unhandledRejection", abort.reject);
    },
  };
}

/** Ends the run without a check. */
export class Abort extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("stopped");
    this.exitCode = exitCode;
  }
}
