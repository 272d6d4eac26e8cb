export type WakeUp = {
  /**
   * Asks for a run within this time; 0 is at once. Asking again before it comes can only bring it
   * forward, never put it off.
   */
  readonly wake: (withinMs: number) => void;
  /** Waits for a wake-up or for the interval, whichever is first; `stopped` once the signal is aborted. */
  readonly next: () => Promise<"timer" | "woken" | "stopped">;
};

/** A timer that can be woken early. The interval counts from the call of `next`. */
export function wakeUp(intervalMs: number, signal: AbortSignal): WakeUp {
  let dueAtMs = Number.POSITIVE_INFINITY;
  let reschedule: (() => void) | undefined;
  return {
    wake: (withinMs) => {
      dueAtMs = Math.min(dueAtMs, performance.now() + withinMs);
      reschedule?.();
    },
    next: async () => {
      const timerAtMs = performance.now() + intervalMs;
      await new Promise<void>((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const finish = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", finish);
          reschedule = undefined;
          resolve();
        };
        reschedule = () => {
          clearTimeout(timer);
          timer = setTimeout(finish, Math.max(0, Math.min(timerAtMs, dueAtMs) - performance.now()));
        };
        if (signal.aborted) finish();
        else {
          signal.addEventListener("abort", finish);
          reschedule();
        }
      });
      if (signal.aborted) return "stopped";
      const isWoken = dueAtMs <= timerAtMs;
      dueAtMs = Number.POSITIVE_INFINITY;
      return isWoken ? "woken" : "timer";
    },
  };
}
