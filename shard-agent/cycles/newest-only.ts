/**
 * Runs `task` for the newest value offered, never twice at once: values that come while it runs replace
 * each other, so a slow task falls behind by one value, not by many. `task` must not throw.
 */
export function newestOnly<T>(task: (value: T) => Promise<void>): {
  readonly offer: (value: T) => void;
  /** Resolves when nothing runs and nothing waits. */
  readonly idle: () => Promise<void>;
} {
  let waiting: { readonly value: T } | null = null;
  let running: Promise<void> | null = null;
  const drain = async (): Promise<void> => {
    while (waiting !== null) {
      const { value } = waiting;
      waiting = null;
      await task(value);
    }
    running = null;
  };
  return {
    offer: (value) => {
      waiting = { value };
      running ??= drain();
    },
    idle: async () => {
      while (running !== null) await running;
    },
  };
}
