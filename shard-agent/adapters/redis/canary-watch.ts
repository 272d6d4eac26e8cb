/** Canaries that may be missing in a row before a worker counts as dead. */
const MISSES_MAX = 3;

export type CanaryWatch = {
  /** A canary came through. */
  readonly seen: () => void;
  readonly stop: () => void;
};

/**
 * Sends a canary at every interval and calls `onLost` when none came through for three intervals since
 * the first that Redis took. While Redis takes none, nothing can be said of the worker.
 */
export function canaryWatch(o: {
  readonly intervalMs: number;
  readonly send: () => Promise<void>;
  readonly onLost: (silentMs: number) => void;
}): CanaryWatch {
  let takenAtMs: number | null = null;
  const beat = async (): Promise<void> => {
    const nowMs = performance.now();
    if (takenAtMs !== null && nowMs - takenAtMs >= MISSES_MAX * o.intervalMs) {
      const silentMs = Math.round(nowMs - takenAtMs);
      takenAtMs = null;
      o.onLost(silentMs);
    }
    // Before it is sent: the worker may be faster than the answer.
    takenAtMs ??= performance.now();
    try {
      await o.send();
    } catch {
      takenAtMs = null;
    }
  };
  const timer = setInterval(() => void beat(), o.intervalMs);
  return {
    seen: () => {
      takenAtMs = null;
    },
    stop: () => clearInterval(timer),
  };
}
