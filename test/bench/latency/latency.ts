import { reportRisk } from "#shard-agent/cycles/report-risk.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { alone, type BenchRow, median } from "#test/bench/compare.ts";
import { type BlockEvents, blockEvents } from "#test/bench/latency/block-events.ts";
import {
  openPaths,
  PATH_NAMES,
  type PathName,
  type Paths,
} from "#test/bench/latency/latency-paths.ts";
import { type LatencySite, openLatencySite } from "#test/bench/latency/latency-site.ts";

/** What each baseline is and how much longer it should take. */
const BASELINES = {
  oneCall: { text: "viem's multicall in one call, over HTTP", goal: 4 },
  batches: { text: "viem's default multicall, over HTTP", goal: 15 },
  oneCallWs: { text: "viem's multicall in one call, over WebSocket", goal: 4 },
  batchesWs: { text: "viem's default multicall, over WebSocket", goal: 15 },
} as const;
/** An agent runs for weeks: its first hundred reports, which the engine compiles meanwhile, are not what is measured. */
const WARM_UP_BLOCKS = 40;
/** What the measured blocks hold. */
const BLOCKS = { quiet: "empty blocks", price: "a new price in each block" } as const;
type BlockKind = keyof typeof BLOCKS;

/**
 * From a block's event to the report in its reader's hands, on a real chain and a real Redis: the agent's own read path, in
 * turns, block by block, with straightforward ones that differ in nothing but how they read the chain.
 *
 * @param series Positions in the shard's book.
 * @param blocks Blocks measured for each path.
 * @param warmUpBlocks Blocks of each path before those.
 */
export async function latencyRows(
  series: number,
  blocks: number,
  warmUpBlocks = WARM_UP_BLOCKS,
): Promise<BenchRow[]> {
  const site = await openLatencySite(series);
  try {
    return await Promise.race([
      latencyRowsOf(site, { series, blocks, warmUpBlocks }),
      site.miner.failed,
    ]);
  } finally {
    await site.miner.close();
    await site.world.stop();
  }
}

type Sizes = Readonly<Record<"series" | "blocks" | "warmUpBlocks", number>>;

async function latencyRowsOf(site: LatencySite, sizes: Sizes): Promise<BenchRow[]> {
  const events = await blockEvents(site.chain.rpcUrl);
  const paths = await openPaths(site);
  try {
    const { series } = sizes;
    const bench = { site, events, paths, ...sizes };
    await requireSameReports(bench);
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
  const names = [...PATH_NAMES, ...PARTS];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Times;
  for (let round = 0; round < o.warmUpBlocks + o.blocks; round += 1) {
    for (const name of PATH_NAMES) {
      if (kind === "price") await o.site.movePrice();
      const { atMs, receivedAtMs, header } = await oneReport(o, name);
      if (round >= o.warmUpBlocks) {
        times[name].push(receivedAtMs - atMs);
        if (name === "own") noteParts(times, o.paths, { atMs, receivedAtMs });
      }
      // An agent reads every block; those of the others' turns it reads outside of the clock.
      if (name === "own") continue;
      const followed = o.paths.received();
      await reportRisk(o.paths.run.own, header);
      await followed;
    }
  }
  return times;
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
  name: PathName,
): Promise<Span & { readonly header: BlockHeader }> {
  const next = events.next();
  const report = paths.received();
  site.miner.mine();
  const { header, atMs } = await next;
  const told = reportRisk(paths.run[name], header);
  const [{ block, receivedAtMs }] = await Promise.all([report, told]);
  if (block.hash !== header.hash) throw new Error(`${name}: a report of another block`);
  return { atMs, receivedAtMs, header };
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
