import { isUnresolvedJob, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { BreakerMeasure } from "#coordinator/records/safety/breaker-state.ts";
import { GLOBAL_SCOPE } from "#coordinator/records/safety/breaker-state.ts";
import {
  type CapitalLedger,
  newShardLedger,
  type PnlSample,
  type PnlTrack,
  type ShardLedger,
} from "#coordinator/records/safety/capital-ledger.ts";

/** Equity of a shard on the pass's snapshot by a book that its chain has proved, and the block of that book. */
export type ProvedBook = {
  readonly equityUsd: number;
  readonly blockNumber: number;
  /** True when the proof is older than the policy allows: what it says now is one end of what may be. */
  readonly isAged: boolean;
};

/** What the ledger is brought up to date with. */
export type CapitalNews = {
  /** Every shard there is. */
  readonly shards: readonly string[];
  /** Of those that have a proved book that can be valued; the others keep their last equity. */
  readonly books: ReadonlyMap<string, ProvedBook>;
  /** Shares of the vaults at these books' blocks; a shard that was never read is left out. */
  readonly sharesRaw: ReadonlyMap<string, string>;
  /** Every transfer in flight or not counted for good. */
  readonly transfers: readonly JobRecord[];
  readonly nowMs: number;
  /** How long the losses of all together wait for a shard without a proved book. */
  readonly proofMaxMs: number;
  /** Of loss velocity: of all together, and of one shard. */
  readonly windowMs: number;
  readonly shardWindowMs: number;
};

/** Samples this far back smooth: shares are read a little later than the equity that shows them. */
const SMOOTH_MS = 6_000;
const SAMPLE_EVERY_MS = 1_000;
const SAMPLES_MIN = 3;
const WINDOW_PARTS = 60;

/**
 * Profit and loss of every shard, with what was given to it and taken from it left out: deposits and
 * redemptions by the change of the vault's shares, transfers by the jobs whose effect its proved book shows.
 * All together begin where every shard is known for the first time: what one had won or lost before says nothing of all.
 * A shard without a proved book is waited for, and after `proofMaxMs` stays where it was last, or is left out where it never
 * was; one by an aged proof may be where it was then, or where its book of then would be now: a loss must be one at both ends.
 * A peak must have stood, and a loss must stand, for all of the last seconds: a glitch of one price, or
 * money that is seen before its cause, is neither.
 */
export function trackCapital(ledger: CapitalLedger, news: CapitalNews): CapitalLedger {
  const { flows, transfers } = countTransfers(ledger, news);
  const shards = { ...ledger.shards };
  for (const [shard, { equityUsd, isAged }] of news.books) {
    const known = shards[shard];
    // The first book of a shard has in it whatever came and went before.
    const flowUsd = known === undefined ? 0 : (flows.get(shard) ?? 0);
    const before = known ?? newShardLedger(equityUsd);
    const moved = { ...before, flowsUsd: before.flowsUsd + flowUsd };
    const isFrozen = isAged && known !== undefined;
    shards[shard] = isFrozen ? moved : trackShard(moved, { shard, equityUsd }, news);
  }
  const isWhole = news.shards.every((shard) => news.books.has(shard));
  const unprovedSinceMs = isWhole ? null : (ledger.unprovedSinceMs ?? news.nowMs);
  const all = trackAll(ledger.all, { ...ledger, shards, unprovedSinceMs }, news);
  return { shards, all, unprovedSinceMs, transfers };
}

function trackAll(
  before: PnlTrack,
  { shards, unprovedSinceMs }: CapitalLedger,
  news: CapitalNews,
): PnlTrack {
  // A figure of before beside one of now would be a gain or loss that nobody had: of hedged books, as large as the move.
  const isWaiting = unprovedSinceMs !== null && news.nowMs - unprovedSinceMs < news.proofMaxMs;
  if (isWaiting || news.books.size === 0) return before;
  const ends = news.shards.map((shard) => {
    const then = pnlOf(shards[shard]);
    const book = news.books.get(shard);
    const now = book?.isAged === true ? then + book.equityUsd - equityOf(shards[shard]) : then;
    return { low: Math.min(then, now), high: Math.max(then, now) };
  });
  const pnlUsd = ends.reduce((sum, { low }) => sum + low, 0);
  const spreadUsd = ends.reduce((sum, { high }) => sum + high, 0) - pnlUsd;
  const sample = { atMs: news.nowMs, pnlUsd, spreadUsd: Math.max(0, spreadUsd) };
  const isFirst = before.recent.length === 0;
  return isFirst ? trackFrom(sample) : trackSample(before, sample, news);
}

/** A track on which gains and losses count from a sample on. */
function trackFrom(sample: PnlSample): PnlTrack {
  return { recent: [sample], window: [sample], peakUsd: sample.pnlUsd };
}

function equityOf(one: ShardLedger | undefined): number {
  return one?.equityUsd ?? 0;
}

function pnlOf(one: ShardLedger | undefined): number {
  return one === undefined ? 0 : one.equityUsd - one.flowsUsd;
}

function trackShard(
  before: ShardLedger,
  { shard, equityUsd }: { readonly shard: string; readonly equityUsd: number },
  news: CapitalNews,
): ShardLedger {
  const sharesRaw = news.sharesRaw.get(shard) ?? before.sharesRaw;
  const flowsUsd = before.flowsUsd + shareFlowUsd(before, sharesRaw, equityUsd);
  const after = { ...before, sharesRaw, flowsUsd, equityUsd };
  const sample = { atMs: news.nowMs, pnlUsd: pnlOf(after), spreadUsd: 0 };
  const windowMs = news.shardWindowMs;
  return { ...after, track: trackSample(before.track, sample, { ...news, windowMs }) };
}

/** Shares are made and burnt at what they are worth: the equity they stand for came in or went out. */
function shareFlowUsd(before: ShardLedger, sharesRaw: string | null, equityUsd: number): number {
  if (before.sharesRaw === null || sharesRaw === null || before.sharesRaw === sharesRaw) return 0;
  const [was, is] = [Number(before.sharesRaw), Number(sharesRaw)];
  if (was === 0 || is === 0) return equityUsd - before.equityUsd;
  return equityUsd * (1 - was / is);
}

function trackSample(
  track: PnlTrack,
  sample: PnlSample,
  { nowMs, windowMs }: Pick<CapitalNews, "nowMs" | "windowMs">,
): PnlTrack {
  const last = track.recent.at(-1);
  if (last !== undefined && nowMs - last.atMs < SAMPLE_EVERY_MS && nowMs >= last.atMs) return track;
  const recent = [...track.recent, sample].filter((one, index, all) => {
    return one.atMs > nowMs - SMOOTH_MS || index >= all.length - SAMPLES_MIN;
  });
  const isSettled = recent.length >= SAMPLES_MIN;
  const lowUsd = Math.min(...recent.map((one) => one.pnlUsd));
  const settledUsd = isSettled ? lowUsd : Math.min(lowUsd, 0);
  const settled = { atMs: nowMs, pnlUsd: settledUsd, spreadUsd: 0 };
  const window = intoWindow(track.window, settled, windowMs);
  return { recent, window, peakUsd: Math.max(track.peakUsd, settledUsd) };
}

function intoWindow(
  window: readonly PnlSample[],
  sample: PnlSample,
  windowMs: number,
): PnlSample[] {
  const kept = window.filter((one) => one.atMs > sample.atMs - windowMs && one.atMs <= sample.atMs);
  const last = kept.at(-1);
  if (last === undefined || sample.atMs - last.atMs >= windowMs / WINDOW_PARTS)
    return [...kept, sample].slice(-WINDOW_PARTS - 1);
  return [...kept.slice(0, -1), { ...last, pnlUsd: Math.max(last.pnlUsd, sample.pnlUsd) }];
}

type Counted = {
  readonly flows: ReadonlyMap<string, number>;
  readonly transfers: CapitalLedger["transfers"];
};

/**
 * What transfers took from one shard and brought to another, each end once, and not before the book that the shard's
 * equity is of: money is gone, or there, in both or in neither. A reorganisation takes it back.
 */
function countTransfers(ledger: CapitalLedger, news: CapitalNews): Counted {
  const flows = new Map<string, number>();
  const add = (shard: string, usd: number): void =>
    void flows.set(shard, (flows.get(shard) ?? 0) + usd);
  const transfers: Record<string, CapitalLedger["transfers"][string]> = {};
  for (const job of news.transfers) {
    if (job.kind !== "transfer" || job.shadow) continue;
    const known = ledger.transfers[job.jobId];
    // Over, and not remembered: it is counted for good.
    if (known === undefined && !isUnresolvedJob(job)) continue;
    const before = known ?? { isOut: false, isIn: false };
    const hasLeft = job.state === "in-transit" || job.state === "settled";
    const hasCome = job.target !== null && job.delivery !== null;
    const isOut = shows(news, job.shard, hasLeft && job.consumption) ?? before.isOut;
    const isIn = shows(news, job.target, hasCome && job.delivery) ?? before.isIn;
    if (isOut !== before.isOut) add(job.shard, isOut ? -job.amountUsd : job.amountUsd);
    if (isIn !== before.isIn && job.target !== null)
      add(job.target, isIn ? job.amountUsd : -job.amountUsd);
    // Forgotten only once it is counted for good: what is still unresolved is seen again by the next pass.
    const isAll = isOut === hasLeft && isIn === hasCome;
    const isCounted = isAll && isOut === before.isOut && isIn === before.isIn;
    if (isUnresolvedJob(job) || !isCounted) transfers[job.jobId] = { isOut, isIn };
  }
  return { flows, transfers };
}

/**
 * Whether the shard's proved book shows what happened at a block, or, where the block is not known, at all; undefined
 * while there is no such book: what its last one showed stays counted. A shard that is none of ours any more has none.
 *
 * @param at False if it did not happen.
 */
function shows(
  { books, shards }: CapitalNews,
  shard: string | null,
  at: { readonly blockNumber: number } | null | false,
): boolean | undefined {
  if (at === false) return shard === null || books.has(shard) ? false : undefined;
  if (shard === null || !shards.includes(shard)) return true;
  const book = books.get(shard);
  return book && book.blockNumber >= (at?.blockNumber ?? 0);
}

/**
 * Loss velocity and drawdown of every shard and of all: losses as a fraction of the capital before them. Of a shard without
 * a proved book that is young enough they are not known; those of all say which shards have none.
 */
export function measureLosses(
  ledger: CapitalLedger,
  { shards, books }: Pick<CapitalNews, "shards" | "books">,
): BreakerMeasure[] {
  const known = shards.flatMap((shard) => {
    const one = ledger.shards[shard];
    return one === undefined ? [] : [{ shard, one }];
  });
  const totalUsd = known.reduce((sum, { one }) => sum + one.equityUsd, 0);
  const unproved = shards.filter((shard) => books.get(shard)?.isAged !== false);
  const own = known.flatMap(({ shard, one }) => {
    const equityUsd = unproved.includes(shard) ? null : one.equityUsd;
    return lossesOf(`shard:${shard}`, one.track, equityUsd);
  });
  const all = lossesOf(GLOBAL_SCOPE, ledger.all, known.length === 0 ? null : totalUsd);
  const without = unproved.length === 0 ? "" : `; not proved: ${unproved.join(", ")}`;
  return [...own, ...all.map((one) => ({ ...one, detail: one.detail + without }))];
}

function lossesOf(scope: string, track: PnlTrack, equityUsd: number | null): BreakerMeasure[] {
  const isKnown = equityUsd !== null && track.recent.length > 0;
  const nowUsd = isKnown ? Math.max(...track.recent.map((one) => one.pnlUsd + one.spreadUsd)) : 0;
  const highUsd = Math.max(...track.window.map((one) => one.pnlUsd), nowUsd);
  const isAll = scope === GLOBAL_SCOPE;
  const measure = (kind: BreakerMeasure["kind"], lossUsd: number): BreakerMeasure => {
    const detail = `${lossUsd.toFixed(0)} USD lost`;
    if (!isKnown) return { kind, scope, value: null, detail };
    const before = equityUsd + lossUsd;
    const value = lossUsd <= 0 ? 0 : before > lossUsd ? lossUsd / before : 1;
    return { kind, scope, value, detail };
  };
  return [
    measure(isAll ? "lossVelocity" : "shardLossVelocity", highUsd - nowUsd),
    measure(isAll ? "drawdown" : "shardDrawdown", Math.max(track.peakUsd, nowUsd) - nowUsd),
  ];
}

/** The ledger after a person said to go on: losses count from now. */
export function forgiveLosses(ledger: CapitalLedger, scopes: readonly string[]): CapitalLedger {
  const forgive = (track: PnlTrack): PnlTrack => {
    const last = track.recent.at(-1);
    return last === undefined ? track : trackFrom(last);
  };
  const shards = Object.entries(ledger.shards).map(([shard, one]): [string, ShardLedger] => {
    return [shard, scopes.includes(`shard:${shard}`) ? { ...one, track: forgive(one.track) } : one];
  });
  const all = scopes.includes(GLOBAL_SCOPE) ? forgive(ledger.all) : ledger.all;
  return { ...ledger, shards: Object.fromEntries(shards), all };
}
