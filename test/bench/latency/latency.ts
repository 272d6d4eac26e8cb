import { setTimeout as sleep } from "node:timers/promises";
import { reportRisk } from "#shard-agent/cycles/report-risk.ts";
import { alone, type BenchRow, median } from "#test/bench/compare.ts";
import { type BlockEvents, blockEvents } from "#test/bench/latency/block-events.ts";
import { type BlockFollower, followBlocks } from "#test/bench/latency/block-follower.ts";
import {
  openPaths,
  PATH_NAMES,
  type PathName,
  type Paths,
} from "#test/bench/latency/latency-paths.ts";
import { type LatencySite, openLatencySite } from "#test/bench/latency/latency-site.ts";

/**
 * What each baseline is and how much longer it should take. Over HTTP nobody announces blocks, and hearing of one is part of
 * what it takes there; the last row leaves it out, and so is no whole way from a block to a report.
 */
const BASELINES = {
  oneCallWs: { text: "viem's watchBlocks and multicall in one call, over WebSocket", goal: 4 },
  batchesWs: { text: "viem's watchBlocks and default multicall, over WebSocket", goal: 15 },
  oneCall: { text: "viem's watchBlocks, every 50 ms, and one call, over HTTP", goal: 4 },
  batches: { text: "viem's watchBlocks, every 50 ms, and default multicall, over HTTP", goal: 15 },
  batchesTold: { text: "viem's default multicall alone, over HTTP", goal: null },
} as const;
/** Between two blocks: no chain has one right after the other, and a node is not done with one when it announces it. */
const REST_MS = 25;
/** Rests are longer by part of this, a different one each time: a block comes at any moment between two polls. */
const REST_SPREAD_MS = 50;
const REST_STEP_MS = 19;
/** What the measured blocks hold. */
const BLOCKS = { quiet: "empty blocks", price: "a new price in each block" } as const;
type BlockKind = keyof typeof BLOCKS;

/** Blocks in a row that one path reads before the next path's turn. */
export type Stretches = {
  /** Turns of each path that count. */
  readonly rounds: number;
  /** Blocks of a turn that count. */
  readonly blocks: number;
  /** Blocks before those, in which a connection comes to be as it is when every block is read over it. */
  readonly settling: number;
  /** Blocks of a first turn that does not count: an agent runs for weeks, and its engine has compiled it by then. */
  readonly warmUp: number;
};

/**
 * From a block's event to the report in its reader's hands, on a real chain and a real Redis: the agent's own read path, in
 * turns with straightforward ones that differ in nothing but how they read the chain. As an agent does, each
 * reads every block, and so has a stretch of blocks to itself.
 *
 * @param series Positions in the shard's book.
 */
export async function latencyRows(series: number, stretches: Stretches): Promise<BenchRow[]> {
  const site = await openLatencySite(series);
  try {
    return await Promise.race([latencyRowsOf(site, { series, ...stretches }), site.miner.failed]);
  } finally {
    await site.miner.close();
    await site.world.stop();
  }
}

type Sizes = Stretches & { readonly series: number };

async function latencyRowsOf(site: LatencySite, sizes: Sizes): Promise<BenchRow[]> {
  const events = await blockEvents(site.chain.rpcUrl);
  const paths = await openPaths(site);
  try {
    const { series } = sizes;
    const bench = { site, events, paths, ...sizes };
    await requireSameReports(bench);
    await warmUp(bench);
    const quiet = rowsOf(series, "quiet", await measurePaths(bench, "quiet"));
    const price = rowsOf(series, "price", await measurePaths(bench, "price"));
    return [...quiet, ...price];
  } finally {
    events.close();
    paths.close();
  }
}

/** In milliseconds; of the own path also how long each of its parts took. */
type Times = Readonly<Record<PathName | (typeof PARTS)[number], number[]>>;
type Bench = Sizes & {
  readonly site: LatencySite;
  readonly events: BlockEvents;
  readonly paths: Paths;
};
const PARTS = ["read", "value", "publish"] as const;

async function measurePaths(o: Bench, kind: BlockKind): Promise<Times> {
  const times = noTimes();
  const turn = { kind, times };
  for (let round = 0; round < o.rounds; round += 1) {
    for (const name of PATH_NAMES)
      await readStretch(o, { ...turn, name, skipped: o.settling, counted: o.blocks });
  }
  return times;
}

function noTimes(): Times {
  const names = [...PATH_NAMES, ...PARTS];
  return Object.fromEntries(names.map((name) => [name, [] as number[]])) as Times;
}

async function warmUp(o: Bench): Promise<void> {
  const turn = { kind: "price", times: noTimes(), skipped: o.warmUp, counted: 0 } as const;
  for (const name of PATH_NAMES) await readStretch(o, { ...turn, name });
}

/** One path's turn. */
async function readStretch(
  o: Bench,
  turn: {
    readonly name: PathName;
    readonly kind: BlockKind;
    readonly times: Times;
    readonly skipped: number;
    readonly counted: number;
  },
): Promise<void> {
  const { name, kind, times, skipped, counted } = turn;
  const client = o.paths.followers[name];
  const follower = client === undefined ? null : await followBlocks(client, o.site.miner);
  for (let block = 0; block < skipped + counted; block += 1) {
    await sleep(REST_MS + ((block * REST_STEP_MS) % REST_SPREAD_MS));
    if (kind === "price") await o.site.movePrice();
    const { atMs, receivedAtMs } = await oneReport(o, { name, follower });
    if (block < skipped) continue;
    times[name].push(receivedAtMs - atMs);
    if (name === "own") noteParts(times, o.paths, { atMs, receivedAtMs });
  }
  follower?.stop();
}

type Span = { readonly atMs: number; readonly receivedAtMs: number };

function noteParts(times: Times, { ownMarks }: Paths, { atMs, receivedAtMs }: Span): void {
  const { readAtMs, builtAtMs } = ownMarks;
  times.read.push(readAtMs - atMs);
  times.value.push(builtAtMs - readAtMs);
  times.publish.push(receivedAtMs - builtAtMs);
}

/** From a block's event to its report decoded. */
async function oneReport(
  { site, events, paths }: Bench,
  { name, follower }: { readonly name: PathName; readonly follower: BlockFollower | null },
): Promise<Span> {
  const next = events.next();
  const report = paths.received();
  site.miner.mine();
  const { header, atMs } = await next;
  await follower?.saw(header.hash);
  const told = reportRisk(paths.run[name], header);
  const [{ block, receivedAtMs }] = await Promise.all([report, told]);
  if (block.hash !== header.hash) throw new Error(`${name}: a report of another block`);
  return { atMs, receivedAtMs };
}

/** The times compare only if all paths say the same of one block. */
async function requireSameReports(o: Bench): Promise<void> {
  const next = o.events.next();
  await o.site.movePrice();
  o.site.miner.mine();
  const { header } = await next;
  const texts: string[][] = [];
  for (const name of PATH_NAMES) {
    const report = o.paths.received();
    await reportRisk(o.paths.run[name], header);
    const fields = Object.entries({ ...(await report), seq: 0, receivedAtMs: 0 });
    texts.push(fields.map((field) => JSON.stringify(field).toLowerCase()));
  }
  const [own = [], ...others] = texts;
  for (const [index, text] of own.entries()) {
    const other = others.find((one) => one[index] !== text);
    if (other !== undefined) throw new Error(`the paths differ: ${text}; ${other[index]}`);
  }
}

function rowsOf(series: number, kind: BlockKind, times: Times): BenchRow[] {
  const us = (name: PathName): number => median(times[name]) * 1000;
  const parts = PARTS.map((part) => `${part} ${median(times[part]).toFixed(2)}`).join(" + ");
  const note = `${parts} ms; p99 ${percentile(times.own, 0.99).toFixed(1)} ms`;
  const name = `block event to report received, ${series} positions, ${BLOCKS[kind]}`;
  return PATH_NAMES.flatMap((path) => {
    if (path === "own") return [];
    const { text, goal } = BASELINES[path];
    const ratio = us(path) / us("own");
    const baseline = `the same with ${text}`;
    return [{ ...alone(name, us("own"), note), baseline, baselineMedianUs: us(path), ratio, goal }];
  });
}

function percentile(values: readonly number[], level: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(level * sorted.length))] ?? 0;
}
