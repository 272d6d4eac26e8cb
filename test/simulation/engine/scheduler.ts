/**
 * Virtual time. One step takes the earliest event, runs it, and lets everything that it woke up run to
 * its next wait: no two runs of one seed can differ.
 */
export type Scheduler = {
  readonly nowMs: () => number;
  readonly steps: () => number;
  readonly after: (delayMs: number, run: () => void) => void;
  /** False when nothing is left to happen. */
  readonly step: () => Promise<boolean>;
  /** Real asynchronous work (signatures) that a step has to wait for. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
};

/** The test runner's own messages wait no longer than these take. */
const STEPS_A_TURN = 1_000;

/** A tick comes once no promise has anything left to do, and a whole turn of the loop costs more than most steps do. */
function allSettled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Also what really happens elsewhere has happened by then, or is one turn nearer. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

type Event = { readonly atMs: number; readonly order: number; readonly run: () => void };

export function newScheduler(startMs: number): Scheduler {
  const heap: Event[] = [];
  let nowMs = startMs;
  let order = 0;
  let steps = 0;
  let pendingWork = 0;
  return {
    nowMs: () => nowMs,
    steps: () => steps,
    after: (delayMs, run) => {
      order += 1;
      push(heap, { atMs: nowMs + Math.max(0, delayMs), order, run });
    },
    step: async () => {
      const event = pop(heap);
      if (event === undefined) return false;
      nowMs = event.atMs;
      steps += 1;
      event.run();
      await (steps % STEPS_A_TURN === 0 ? nextTurn() : allSettled());
      while (pendingWork > 0) await nextTurn();
      return true;
    },
    track: async (work) => {
      pendingWork += 1;
      try {
        return await work;
      } finally {
        pendingWork -= 1;
      }
    },
  };
}

function isEarlier(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

function push(heap: Event[], event: Event): void {
  heap.push(event);
  let index = heap.length - 1;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isEarlier(event, parent)) break;
    heap[index] = parent;
    heap[above] = event;
    index = above;
  }
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]];
    const isRight = left !== undefined && right !== undefined && isEarlier(right, left);
    const child = isRight ? right : left;
    if (child === undefined || !isEarlier(child, last)) break;
    heap[index] = child;
    index = 2 * index + (isRight ? 2 : 1);
  }
  heap[index] = last;
  return first;
}
