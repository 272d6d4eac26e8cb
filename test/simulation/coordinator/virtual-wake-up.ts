import type { SimProcess } from "#test/simulation/engine/process.ts";

/** As adapters/wake-up.ts, over virtual time. */
export function virtualWakeUp(process: SimProcess, intervalMs: number) {
  let dueInMs = Number.POSITIVE_INFINITY;
  let finish: ((cause: "timer" | "woken") => void) | undefined;
  const schedule = (afterMs: number): void => {
    const mine = finish;
    void process.wait(afterMs).then(() => {
      if (mine !== undefined && finish === mine) mine("woken");
    });
  };
  return {
    wake: (withinMs: number): void => {
      dueInMs = Math.min(dueInMs, withinMs);
      if (finish !== undefined) schedule(withinMs);
    },
    next: (): Promise<"timer" | "woken"> =>
      new Promise((resolve) => {
        const end = (cause: "timer" | "woken"): void => {
          finish = undefined;
          dueInMs = Number.POSITIVE_INFINITY;
          resolve(cause);
        };
        finish = end;
        if (Number.isFinite(dueInMs)) schedule(dueInMs);
        void process.wait(intervalMs).then(() => {
          if (finish === end) end("timer");
        });
      }),
  };
}
