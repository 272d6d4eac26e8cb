export type WakeUp = {
  /** Asks for a run as soon as possible; asking many times before it comes is asking once. */
  readonly wake: () => void;
  /** Waits for a wake-up or for the interval, whichever is first; `stopped` once the signal is aborted. */
  readonly next: () => Promise<"timer" | "woken" | "stopped">;
};

/** A timer that can be woken early. The interval counts from the call of `next`. */
export function wakeUp(intervalMs: number, signal: AbortSignal): WakeUp {
  let isWoken = false;
  let notify: (() => void) | undefined;
  return {
    wake: () => {
      isWoken = true;
      notify?.();
    },
    next: async () => {
      if (!isWoken && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const finish = (): void => {
            clearTimeout(timer);
            signal.removeEventListener("abort", finish);
            notify = undefined;
            resolve();
          };
          const timer = setTimeout(finish, intervalMs);
          signal.addEventListener("abort", finish);
          notify = finish;
        });
      }
      if (signal.aborted) return "stopped";
      const cause = isWoken ? "woken" : "timer";
      isWoken = false;
      return cause;
    },
  };
}
