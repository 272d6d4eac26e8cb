import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import type { BreakerEvent } from "#coordinator/records/safety/breaker-state.ts";
import type { SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";
import { valueBooks } from "#coordinator/stages/risk/value-books.ts";
import { judgeBreakers } from "#coordinator/stages/safety/judge-breakers.ts";
import { measureBreakers } from "#coordinator/stages/safety/measure-breakers.ts";
import {
  measureLosses,
  type ProvedBook,
  trackCapital,
} from "#coordinator/stages/safety/track-capital.ts";

/** What a pass's measurements made of the memory it began with. */
export type SafetyOutcome = {
  readonly memory: SafetyMemory;
  readonly events: readonly BreakerEvent[];
};

/** Measures everything that breakers watch on a pass's valuations, and moves them. Pure. */
export function assessSafety(
  input: PassInput,
  o: {
    readonly valued: readonly ShardValuation[];
    readonly carried: ReadonlySet<string>;
    readonly snapshot: MarketSnapshot;
  },
): SafetyOutcome {
  const { policy, nowMs, setups, entries, jobs } = input;
  const { memory, outcomes, messages, sharesRaw, transfers, proved } = input.safety;
  // Money that may be in a book and is not counted as come yet would be a gain now and a loss later.
  const inDoubt = new Set(
    jobs.filter((job) => input.creditsInDoubt?.has(job.jobId)).map(({ target }) => target),
  );
  const sure = [...proved].filter(([shard]) => !inDoubt.has(shard));
  const news = {
    shards: [...setups.keys()],
    books: new Map(sure.flatMap(([shard, entry]) => provedBook(shard, entry, { ...o, input }))),
    sharesRaw,
    transfers,
    nowMs,
    proofMaxMs: policy.quarantine.proofMaxMs,
    windowMs: policy.breakers.lossVelocity.windowMs,
    shardWindowMs: policy.breakers.shardLossVelocity.windowMs,
  };
  const ledger = trackCapital(memory.ledger, news);
  const before = Object.values(memory.breakers);
  const measures = [
    ...measureBreakers({
      setups,
      entries,
      carried: o.carried,
      jobs,
      messages,
      outcomes,
      trust: memory.trust,
      refusals: memory.refusals,
      before,
      policy,
      nowMs,
    }),
    ...measureLosses(ledger, news),
  ];
  const { breakers, events } = judgeBreakers(memory.breakers, measures, {
    policy: policy.breakers,
    nowMs,
  });
  return { memory: { ...memory, breakers, ledger }, events };
}

/**
 * What a shard's newest proved book is worth on the pass's snapshot, as all the others: proofs come later than
 * reports, and sums over shards at prices of different moments would be gains and losses that nobody had.
 */
function provedBook(
  shard: string,
  entry: BookEntry,
  o: {
    readonly valued: readonly ShardValuation[];
    readonly snapshot: MarketSnapshot;
    readonly input: Pick<PassInput, "policy" | "nowMs">;
  },
): [string, ProvedBook][] {
  const known = o.valued.find((one) => one.entry === entry);
  const [found] = known === undefined ? valueBooks([entry], o.snapshot, new Set()) : [known];
  const isKnown = found !== undefined && found.unvalued.size === 0;
  if (!isKnown || !Number.isFinite(found.equityUsd)) return [];
  const { policy, nowMs } = o.input;
  const isAged = entryAgeMs(entry, nowMs) > policy.quarantine.proofMaxMs;
  const { number: blockNumber } = entry.report.block;
  return [[shard, { equityUsd: found.equityUsd, blockNumber, isAged }]];
}
