import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { isUnresolvedJob } from "#coordinator/records/jobs/job-record.ts";
import { levelOf } from "#coordinator/records/safety/breaker-state.ts";
import { JOURNAL_STATES, transactionsOf } from "#shard-agent/records/journal-entry.ts";
import type { AgentSlot } from "#test/simulation/agent/agent-slot.ts";
import type { Ledger, Violate } from "#test/simulation/check/ledger.ts";
import type { CoordinatorSlot } from "#test/simulation/coordinator/coordinator-slot.ts";
import { strikeOf } from "#test/simulation/desk/option-market.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";

const SOON_SECONDS = 3_600;

export type FinalChecks = {
  readonly world: SimulatedWorld;
  readonly coordinator: CoordinatorSlot;
  readonly agents: readonly AgentSlot[];
  readonly ledger: Ledger;
  readonly violate: Violate;
};

/** What is still under way; empty once everything has drained and the net is inside its band. */
export function undrained(o: Omit<FinalChecks, "ledger" | "violate">): string[] {
  const { world, coordinator, agents } = o;
  const { state, disk } = coordinator.current();
  const nowMs = world.scheduler.nowMs();
  const jobs = disk.allJobs().filter(isUnresolvedJob);
  const waiting = [...state.takeOvers].filter(([, one]) => one.state !== "leading");
  const queues = [...world.queues].filter(([, queue]) => {
    const { waiting: count, active } = queue.counts();
    return count + active > 0;
  });
  // A shard that only reduces, or takes no jobs, for a while yet may have something to make up for afterwards.
  const held = [...(state.view?.statuses ?? [])].filter(([, one]) => {
    return one.mode === "reduce-only" || !one.takesJobs || one.closedVenues.length > 0;
  });
  const open = agents.flatMap((slot) =>
    slot.disk.unfinished().map((one) => `${slot.agent} ${one.state}`),
  );
  const unsent = agents.filter((slot) => slot.disk.queuedReceipts(1).length > 0);
  const stale = [...coordinator.setups.values()].filter((setup) => {
    const entry = state.books.get(setup.shard);
    return entry === undefined || nowMs - entry.report.block.timestampMs > setup.staleAfterMs;
  });
  return [
    ...jobs.map((job) => `job ${job.jobId} of ${job.shard} is ${job.state}`),
    ...waiting.map(([shard, one]) => `${shard} is not led: ${JSON.stringify(one)}`),
    ...held.map(([shard, one]) => `${shard} is ${one.mode}: ${one.reasons.join(", ")}`),
    ...queues.map(([shard]) => `the queue of ${shard} is not empty`),
    ...open.map((one) => `an agent's entry is not done: ${one}`),
    ...unsent.map((slot) => `${slot.agent} has receipts left`),
    ...stale.map((setup) => `no fresh report of ${setup.shard}`),
    ...expiring(world).map((shard) => `a series or a long of ${shard} has yet to be settled`),
    ...[...state.transfers.values()].map((one) => `transfer ${one.guid} is ${one.state}`),
    ...(world.bridge.open(world.chains) > 0 ? ["the bridge is not empty"] : []),
    ...outsideBand(coordinator, sellableUnits(world, coordinator)),
    ...limited(state),
  ];
}

/** What breakers, doubts and orders still hold back: it is made good once they are over. */
function limited({ safety }: CoordinatorState): string[] {
  const tripped = Object.values(safety.breakers).filter((one) => levelOf(one) !== "run");
  const doubted = Object.entries(safety.trust).filter(([, one]) => one.quarantine !== null);
  return [
    ...tripped.map((one) => `breaker ${one.kind} of ${one.scope} is ${levelOf(one)}`),
    ...doubted.map(([shard]) => `${shard} is quarantined`),
    ...Object.keys(safety.orders).map((shard) => `${shard} has an order`),
  ];
}

/** Shards with a series, or a long at the option market, that expires soon: its settlement changes the net once more. */
function expiring(world: SimulatedWorld): string[] {
  const soonSeconds = world.scheduler.nowMs() / 1000 + SOON_SECONDS;
  return world.chains.flatMap((chain) => {
    const { state } = chain.head();
    const longs = state.desk.options.longs.flatMap((one) => strikeOf(state, one.strikeId) ?? []);
    const isSoon = [...state.series, ...longs].some(
      (one) => Number(one.expirySeconds) < soonSeconds,
    );
    return isSoon ? [chain.site.shard] : [];
  });
}

/**
 * What the vaults hold, where it is worth the gas of selling it, with room for a base fee that has moved meanwhile, and
 * where the shard has capital to spare: without, what it holds covers the calls it has sold.
 */
function sellableUnits(world: SimulatedWorld, coordinator: CoordinatorSlot): number {
  const { state } = coordinator.current();
  const costFraction = state.policy.underlyings["ETH"]?.costFraction ?? 1;
  return world.chains.reduce((sum, chain) => {
    const { hedgeRaw } = chain.head().state;
    const gasUnits = state.books.get(chain.site.shard)?.report.capacity[0]?.gasUnits ?? 0;
    const gasEther = (gasUnits * Number(chain.head().header.baseFeeWei)) / 1e18;
    const units = Number(hedgeRaw) / 1e18;
    if ((state.view?.capital.get(chain.site.shard)?.surplusUsd ?? 0) <= 0) return sum;
    return units > (GAS_ROOM * gasEther) / costFraction ? sum + units : sum;
  }, 0);
}

const GAS_ROOM = 1.25;

/** A vault cannot sell what it does not have: a net that is long with all hedges sold has nowhere to go. */
function outsideBand(coordinator: CoordinatorSlot, hedgesUnits: number): string[] {
  const { view } = coordinator.current().state;
  if (view === undefined) return ["no pass has been made"];
  return [...view.nets].flatMap(([ticker, outcome]) => {
    if (!outcome.netted) return [`${ticker} cannot be netted: ${outcome.reason}`];
    const width = view.halfWidthUnits.get(ticker) ?? 0;
    const delta = outcome.net.greeks.deltaUnits;
    const isSoldOut = delta > 0 && hedgesUnits === 0;
    return Math.abs(delta) <= width || isSoldOut
      ? []
      : [`${ticker}: net ${delta}, band ${width}, to sell ${hedgesUnits}`];
  });
}

/** I9: journals and chains tell the same story, with nothing missing on either side. */
export function checkJournals({ world, coordinator, agents, violate }: FinalChecks): void {
  const { disk } = coordinator.current();
  const planned = new Set(disk.allDecisions().flatMap((decision) => decision.jobIds));
  for (const chain of world.chains) {
    const { shard } = chain.site;
    const { consumed } = chain.head().state;
    // What was done in a block that is not final yet may still be on its way into the books.
    for (const jobId of chain.at(chain.finalizedNumber())?.state.consumed ?? []) {
      const job = disk.jobs.find(jobId);
      // A transfer of a leader whose journal went with it is rebuilt from the chain; a swap is not.
      const isForeign = job === undefined && !planned.has(jobId);
      if (!isForeign && job?.state !== "settled")
        violate("I9", `${jobId} took effect on ${shard} and is ${job?.state ?? "unknown"}`);
    }
    for (const job of disk.allJobs()) {
      if (
        job.shard === shard &&
        job.state === "settled" &&
        !consumed.has(job.jobId as `0x${string}`)
      )
        violate("I9", `${job.jobId} is settled and never took effect on ${shard}`);
    }
  }
  for (const slot of agents) checkAgentJournal(world, slot, violate);
}

function checkAgentJournal(world: SimulatedWorld, slot: AgentSlot, violate: Violate): void {
  const chain = world.chains.find((one) => one.site.shard === slot.shard);
  const sender = world.codec.senderAddress(slot.agent);
  const entries = slot.disk.all();
  const known = new Map(
    entries.flatMap((entry) => transactionsOf(entry).map((one) => [one.hash, entry])),
  );
  for (let number = 0; number <= (chain?.head().header.number ?? 0); number += 1) {
    for (const { transaction, succeeded, gasCostWei } of chain?.at(number)?.mined ?? []) {
      if (transaction.from !== sender) continue;
      const entry = known.get(transaction.hash);
      if (entry !== undefined && gasCostWei > entry.gasFeeCapWei)
        violate("I8", `${entry.id} cost ${gasCostWei} wei, its cap is ${entry.gasFeeCapWei}`);
      if (number > (chain?.finalizedNumber() ?? 0)) continue;
      const expected = succeeded ? "final" : "reverted";
      if (entry?.state !== expected)
        violate(
          "I9",
          `${slot.agent}: ${transaction.hash} was mined and its entry is ${entry?.state ?? "missing"}`,
        );
    }
  }
  for (const entry of entries) {
    if (!JOURNAL_STATES.includes(entry.state)) violate("I9", `${entry.id} is ${entry.state}`);
  }
}

/** What competing costs is counted, and no more than it cost: the coordinator's figures are of what its agents' transactions paid. */
export function checkLostRaces({ world, coordinator, agents, violate }: FinalChecks): void {
  const { lostRaces } = coordinator.current().state;
  for (const { agent, disk } of agents) {
    const counted = lostRaces.get(agent);
    if (counted === undefined) continue;
    world.faults.saw("lost race counted");
    const paidWei = disk.all().reduce((sum, one) => sum + (one.inclusion?.gasCostWei ?? 0n), 0n);
    if (counted.gasCostWei > paidWei)
      violate("I9", `${agent} lost races for ${counted.gasCostWei} wei and paid ${paidWei} in all`);
  }
}

/** I15: hedges follow what happened in the books, not one another. */
export function checkOscillation(
  { world, ledger, violate }: FinalChecks,
  o: {
    readonly neededUnits: number;
    /** Issued once everything had settled and nothing was issued for a while. */
    readonly calmJobs: number;
  },
): void {
  const tradedUnits = world.chains.reduce((sum, chain) => {
    return sum + Number(ledger.pageOf(chain.head()).tradedRaw) / 1e18;
  }, 0);
  const allowed = 1.5 * o.neededUnits + 10;
  if (tradedUnits > allowed)
    violate(
      "I15",
      `${tradedUnits.toFixed(1)} units were traded for ${o.neededUnits.toFixed(1)} needed`,
    );
  if (o.calmJobs > 0) violate("I15", `${o.calmJobs} jobs were issued after everything had settled`);
}
