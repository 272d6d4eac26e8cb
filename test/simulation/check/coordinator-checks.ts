import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { creditsInDoubt } from "#coordinator/cycles/jobs/follow-credits.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { isInFlight } from "#coordinator/records/jobs/job-record.ts";
import { pendingEffects } from "#coordinator/records/planning/pending-effect.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";
import type { Violate } from "#test/simulation/check/ledger.ts";
import type { CoordinatorDisk } from "#test/simulation/coordinator/memory-journal.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";
import { SIMULATED_POLICY } from "#test/simulation/world/site.ts";

/**
 * I3 as the coordinator counts: the effect of each job is in the book it plans on or in flight, never
 * both and never neither, unless the job is dead.
 */
export function checkCountedOnce(
  { state, disk }: { readonly state: CoordinatorState; readonly disk: CoordinatorDisk },
  chains: ReadonlyMap<string, SimChain>,
  violate: Violate,
): void {
  const inDoubt = creditsInDoubt(state);
  const bookBlockMs = new Map(
    [...state.books].map(([shard, { report }]) => [shard, report.block.timestampMs]),
  );
  for (const job of disk.allJobs()) {
    if (!isLive(job)) continue;
    // What the journal has and the coordinator does not think of is not counted.
    const known = state.jobs.get(job.jobId);
    const [effect] = pendingEffects(known === undefined ? [] : [known], state.setups, {
      bookBlockMs,
    });
    // Past its deadline the book is right without it, whether or not it was done in blocks that no report lists.
    if (effect?.isLapsed === true) continue;
    const isPending = effect?.isPendingAtShard ?? false;
    const isInBook = shows(state, chains, job.shard, (found) => found.consumed.has(job.jobId));
    const isKnown = isInBook !== undefined && (isInBook || isPending || !isBeyondLists(state, job));
    if (isKnown && isPending === isInBook)
      violate(
        "I3",
        `${job.kind} ${job.jobId} (${job.state}) is counted ${isInBook ? "twice" : "not at all"} at ${job.shard}`,
      );
    if (job.kind !== "transfer" || job.target === null || job.guid === null) continue;
    const { guid } = job;
    const isArriving = effect?.isPendingAtTarget ?? false;
    const hasArrived = shows(state, chains, job.target, (found) => found.received.has(guid));
    // Of what the coordinator says that it does not know, it counts on neither.
    const isInDoubt = inDoubt.has(job.jobId);
    if (!isInDoubt && hasArrived !== undefined && isArriving === hasArrived)
      violate(
        "I3",
        `transfer ${job.jobId} (${job.state}) is counted ${hasArrived ? "twice" : "not at all"} at ${job.target}`,
      );
  }
}

/**
 * True of what was seen in a block that no book lists any more, and whose mandate the newest book is past: it is in that
 * book, or a reorganisation took it and it never comes. Nothing of it is in flight, until its chain has said which it is.
 */
function isBeyondLists({ books }: CoordinatorState, { shard, mandate, consumption }: JobRecord) {
  const block = books.get(shard)?.report.block;
  if (block === undefined || mandate === null || consumption === null) return false;
  const isListed = consumption.blockNumber >= block.finalizedNumber - REPORT_WINDOW_BLOCKS;
  const isOver = mandate.deadlineSeconds * 1000 < block.timestampMs;
  return !consumption.isFinal && !isListed && isOver;
}

function isTrade({ kind }: JobRecord): boolean {
  return kind === "swap" || kind === "perp-change";
}

function isLive(job: JobRecord): boolean {
  return isInFlight(job) || job.state === "settled";
}

/** What the block of the shard's newest accepted report really had; undefined without a report. */
function shows(
  state: CoordinatorState,
  chains: ReadonlyMap<string, SimChain>,
  shard: string,
  test: (found: {
    readonly consumed: ReadonlySet<string>;
    readonly received: ReadonlySet<string>;
  }) => boolean,
): boolean | undefined {
  const entry = state.books.get(shard);
  const chain = chains.get(shard);
  const block = entry === undefined ? undefined : chain?.byHash(entry.report.block.hash);
  // A book of a block that a reorganisation removed is neither right nor wrong.
  return block === undefined || chain?.isCanonical(block) !== true ? undefined : test(block.state);
}

/** I4: whatever part of a new plan and of what is in flight happens, the net delta stays within its limit or shrinks. */
export function checkPlan(
  state: CoordinatorState,
  jobs: readonly JobRecord[],
  o: { readonly spotUsd: number; readonly violate: Violate },
): void {
  const swaps = jobs.filter(isTrade);
  if (state.manualHalt !== undefined && jobs.length > 0)
    o.violate("I4", `${jobs.length} jobs were planned during a halt`);
  checkSafety(state, jobs, o.violate);
  if (swaps.length === 0) return;
  const signs = new Set(swaps.map((job) => Math.sign(job.expectedDeltaUnits)));
  // What is taken from a shard by order, others take over in the same plan.
  const isOrdered = state.view?.orders.some((one) => one.state === "working") === true;
  if (signs.size > 1 && !isOrdered) o.violate("I15", "one plan buys and sells at the same time");
  const bookUnits = [...state.books.values()].reduce((sum, entry) => {
    return sum + entry.report.greeks.reduce((total, line) => total + line.deltaUnits, 0);
  }, 0);
  const pending = pendingEffects([...state.jobs.values()]).filter((one) => one.isPendingAtShard);
  const beforeUnits = pending.map((one) => one.deltaUnits);
  const newUnits = swaps.map((job) => job.expectedDeltaUnits);
  const reach = (deltas: readonly number[], sign: 1 | -1): number =>
    deltas.filter((delta) => Math.sign(delta) === sign).reduce((sum, delta) => sum + delta, 0);
  const limitUsd = SIMULATED_POLICY.underlyings["ETH"]?.netDeltaLimitUsd ?? 0;
  const before = Math.max(
    Math.abs(bookUnits + reach(beforeUnits, 1)),
    Math.abs(bookUnits + reach(beforeUnits, -1)),
  );
  const all = [...beforeUnits, ...newUnits];
  const after = Math.max(Math.abs(bookUnits + reach(all, 1)), Math.abs(bookUnits + reach(all, -1)));
  // The agents' Greeks are of their own feeds and blocks: a little off the coordinator's snapshot.
  const allowed = Math.max(limitUsd / o.spotUsd, before) * 1.05 + 2;
  if (after > allowed)
    o.violate(
      "I4",
      `the plan could take the net from ${before.toFixed(2)} to ${after.toFixed(2)} units`,
    );
}

/**
 * I4 for single shards: nothing for one whose word is not taken or that is halted; one that may only reduce
 * never trades away from zero, and gives nothing away unless it is drained.
 */
function checkSafety(
  { view, safety, books }: CoordinatorState,
  jobs: readonly JobRecord[],
  violate: Violate,
): void {
  for (const job of jobs) {
    const status = view?.statuses.get(job.shard);
    const isQuarantined = safety.trust[job.shard]?.quarantine != null;
    // Halted by the net's own limit, what certainly reduces the net is left.
    const isReducing = view?.mode.reducible.has(job.underlying ?? "") === true;
    const isHalted = status?.mode === "halted" && !isReducing;
    if (isQuarantined || isHalted || status?.isCarried === true)
      violate("I4", `${job.kind} for ${job.shard}, which is ${status?.mode}`);
    if (books.get(job.shard)?.report.health.acceptsJobs === false)
      violate("I4", `${job.kind} for ${job.shard}, whose agent takes no jobs`);
    if (status?.reducesOnly !== true) continue;
    if (job.kind === "transfer" && status.mode !== "draining")
      violate("I4", `${job.shard} only reduces (${status.mode}) and sends collateral away`);
    const own = view?.valuations.get(job.shard)?.underlyings.get(job.underlying ?? "");
    const before = own?.greeks.deltaUnits ?? 0;
    const after = before + job.expectedDeltaUnits;
    // An order closes a flat shard's perpetual first: what that takes off comes back from a pool in the next pass.
    const isUnwound = job.kind === "perp-change" && hasOrder(view, job.shard);
    if (
      isTrade(job) &&
      !isUnwound &&
      (before * after < -1e-6 || Math.abs(after) > Math.abs(before) + 1e-6)
    )
      violate("I4", `${job.shard} only reduces and trades from ${before} to ${after}`);
  }
}

function hasOrder(view: CoordinatorState["view"], shard: string): boolean {
  return view?.orders.some((one) => one.shard === shard && one.state === "working") === true;
}

/** Units that passes with an order at work trade: by its will, not because the books needed it. */
export function unitsByOrder({ view }: CoordinatorState, jobs: readonly JobRecord[]): number {
  if (view?.orders.some((one) => one.state === "working") !== true) return 0;
  return jobs.reduce((sum, job) => sum + Math.abs(job.expectedDeltaUnits), 0);
}

/** I12: sequences and the time of the books never go back. */
export function newSequenceCheck(violate: Violate): (state: CoordinatorState) => void {
  let watched: CoordinatorState | undefined;
  let seqs = new Map<string, number>();
  let blocks = new Map<string, number>();
  return (state) => {
    if (state !== watched) {
      watched = state;
      seqs = new Map();
      blocks = new Map();
    }
    for (const [key, seq] of state.lastSeqs) {
      if (seq < (seqs.get(key) ?? 0)) violate("I12", `${key}: sequence went back to ${seq}`);
      seqs.set(key, seq);
    }
    for (const [shard, { report }] of state.books) {
      const { timestampMs } = report.block;
      // A book that its chain disproved gives way to the last one it proved.
      const isQuarantined = state.safety.trust[shard]?.quarantine != null;
      if (!isQuarantined && timestampMs < (blocks.get(shard) ?? 0))
        violate("I12", `${shard}: the book went back to a block of ${timestampMs}`);
      blocks.set(shard, timestampMs);
    }
  };
}
