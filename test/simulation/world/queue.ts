import type { SendOutcome } from "#coordinator/ports/job-queue.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import type { Scheduler } from "#test/simulation/engine/scheduler.ts";

export type QueueWorker = {
  readonly process: SimProcess;
  readonly handle: (entry: { readonly id: string; readonly data: unknown }) => Promise<unknown>;
};

/** Sees jobs without taking any; may see one twice, or not at all. */
export type QueueWatcher = {
  readonly process: SimProcess;
  readonly onJob: (entry: { readonly id: string; readonly data: unknown }) => void;
};

type QueueJob = {
  readonly id: string;
  readonly json: string;
  state: "waiting" | "active" | "completed" | "failed";
  /** Who holds the lock; a completion under another lock is refused. */
  lock: number;
  starts: number;
};

/** One shard's BullMQ queue, with what was measured of it. */
export type SimQueue = {
  /** Adds as seen by a producer: the add, then the read that compares. */
  readonly send: (producer: SimProcess, id: string, job: object) => Promise<SendOutcome>;
  readonly work: (worker: QueueWorker) => void;
  readonly watch: (watcher: QueueWatcher) => void;
  /** Redis misbehaves now and then; called every second. */
  readonly misbehave: () => void;
  readonly counts: () => { readonly waiting: number; readonly active: number };
};

const STARTS_MAX = 20;
const JOB_PREFIX = "j-";
const LOOK_EVERY_MS = 1_000;

export function newQueue(scheduler: Scheduler, faults: Faults): SimQueue {
  const jobs = new Map<string, QueueJob>();
  const workers: (QueueWorker & { busy: number })[] = [];
  const watchers: QueueWatcher[] = [];
  let locks = 0;
  const add = (id: string, json: string): void => {
    const known = jobs.get(id);
    if (known === undefined) {
      jobs.set(id, { id, json, state: "waiting", lock: 0, starts: 0 });
      for (const watcher of watchers) show(watcher, { id, json }, faults);
    } else faults.bit("queue-swallowed-add");
    scheduler.after(faults.random.between(2, 30), pump);
  };
  const start = (job: QueueJob, worker: QueueWorker & { busy: number }): void => {
    locks += 1;
    const lock = locks;
    Object.assign(job, { state: "active", lock, starts: job.starts + 1 });
    handOver(job, lock, worker, () => scheduler.after(1, pump));
    stallLater(job, lock, worker);
  };
  const stallLater = (job: QueueJob, lock: number, worker: QueueWorker): void => {
    const afterMs = faults.random.between(500, 40_000);
    const isLocked = (): boolean => job.lock === lock && job.state === "active";
    scheduler.after(afterMs, () => {
      const isStalled = !worker.process.isAlive() || worker.process.isPaused();
      if (!isLocked()) return;
      if (!isStalled) return stallLater(job, lock, worker);
      faults.bit("queue-double-delivery");
      job.state = job.starts >= STARTS_MAX ? "failed" : "waiting";
      pump();
    });
    if (!faults.roll("queue-double-delivery", 0.3)) return;
    // The lock is lost while the handler still runs: both go on at once.
    scheduler.after(faults.random.between(5, 200), () => {
      if (!isLocked()) return;
      faults.bit("queue-double-delivery");
      job.state = "waiting";
      if (workers.some((one) => one !== worker && isIdle(one)))
        faults.bit("queue-parallel-delivery");
      pump();
    });
  };
  function pump(): void {
    for (const job of jobs.values()) {
      if (job.state !== "waiting") continue;
      const idle = workers.filter(isIdle);
      const worker = idle[faults.random.integer(0, idle.length - 1)];
      if (worker === undefined) return;
      start(job, worker);
    }
  }
  // A worker that was stopped looks for work again when it goes on.
  const look = (): void => {
    pump();
    scheduler.after(LOOK_EVERY_MS, look);
  };
  scheduler.after(LOOK_EVERY_MS, look);
  return {
    send: (producer, id, job) => send({ producer, id, job, faults, scheduler, add, jobs }),
    work: (worker) => {
      workers.push({ ...worker, busy: 0 });
      scheduler.after(10, pump);
    },
    watch: (watcher) => {
      watchers.push(watcher);
      for (const job of jobs.values()) {
        if (job.state === "waiting" || job.state === "active") show(watcher, job, faults);
      }
    },
    misbehave: () => misbehave(jobs, faults),
    counts: () => ({
      waiting: [...jobs.values()].filter((job) => job.state === "waiting").length,
      active: [...jobs.values()].filter((job) => job.state === "active").length,
    }),
  };
}

function handOver(
  job: QueueJob,
  lock: number,
  worker: QueueWorker & { busy: number },
  onDone: () => void,
): void {
  worker.busy += 1;
  const finish = (state: "completed" | "failed"): void => {
    // A killed process says nothing any more.
    if (!worker.process.isAlive()) return;
    worker.busy -= 1;
    // A completion under a lost lock is refused: the effect is done, the result dropped.
    if (job.lock === lock && job.state === "active") job.state = state;
    onDone();
  };
  worker.handle({ id: job.id, data: JSON.parse(job.json) }).then(
    () => finish("completed"),
    () => finish("failed"),
  );
}

/** What comes of an event that says a job was added: the watcher fetches it. Calls that help messages on are nobody's to watch. */
function show(
  { process, onJob }: QueueWatcher,
  { id, json }: Pick<QueueJob, "id" | "json">,
  faults: Faults,
): void {
  if (!id.startsWith(JOB_PREFIX) || !process.isAlive()) return;
  if (faults.roll("queue-unseen-job", 0.2)) {
    faults.bit("queue-unseen-job");
    return;
  }
  void process
    .ask(faults.random.between(2, 25), () => JSON.parse(json))
    .then((data) => onJob({ id, data }));
}

function isIdle(worker: QueueWorker & { readonly busy: number }): boolean {
  return worker.process.isAlive() && !worker.process.isPaused() && worker.busy === 0;
}

type Send = {
  readonly producer: SimProcess;
  readonly id: string;
  readonly job: object;
  readonly faults: Faults;
  readonly scheduler: Scheduler;
  readonly add: (id: string, json: string) => void;
  readonly jobs: ReadonlyMap<string, QueueJob>;
};

async function send(o: Send): Promise<SendOutcome> {
  const { producer, id, job, faults, scheduler, add, jobs } = o;
  const json = JSON.stringify(job);
  const unknown = (why: string): RetryableError =>
    new RetryableError("queue-add-unknown", `job ${id}: ${why}; it may or may not be queued`);
  if (faults.roll("queue-late-add", 0.08)) {
    faults.bit("queue-late-add");
    scheduler.after(faults.random.between(3_000, 60_000), () => add(id, json));
    await producer.ask(3_000, () => undefined);
    throw unknown("Command timed out");
  }
  const isReplyLost = faults.roll("queue-lost-reply", 0.08);
  await producer.ask(faults.random.between(1, 8), () => add(id, json));
  if (isReplyLost) {
    faults.bit("queue-lost-reply");
    throw unknown("Connection is closed");
  }
  const stored = await producer.ask(faults.random.between(1, 5), () => jobs.get(id)?.json);
  if (stored === undefined) return { sent: false, reason: "removed" };
  return stored === json ? { sent: true } : { sent: false, reason: "edited" };
}

function misbehave(jobs: Map<string, QueueJob>, faults: Faults): void {
  if (jobs.size > 0 && faults.roll("queue-flush", 0.01)) {
    jobs.clear();
    faults.bit("queue-flush");
    return;
  }
  for (const [id, job] of jobs) {
    if (job.state === "completed" && faults.roll("queue-resurrected-job", 0.01)) {
      job.state = "waiting";
      faults.bit("queue-resurrected-job");
    } else if (job.state === "waiting" && faults.roll("queue-lost-job", 0.2)) {
      jobs.delete(id);
      faults.bit("queue-lost-job");
    }
  }
}
