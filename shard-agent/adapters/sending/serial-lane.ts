import type { Lane } from "#shard-agent/ports/sender.ts";

/** A {@link Lane}: tasks run one after the other in the order they came; a failing task does not stop the next. */
export function serialLane(): Lane & { readonly idle: () => Promise<void> } {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run: (task) => {
      const result = tail.then(task);
      tail = result.catch(() => undefined);
      return result;
    },
    idle: async () => {
      await tail;
    },
  };
}
