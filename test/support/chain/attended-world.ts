import { startWorld, type World } from "#test/local/world.ts";
import type { ProcessKind } from "#test/local/world-options.ts";
import { type AgentSite, openSite, waitFor } from "#test/support/agent/agent-site.ts";
import { leadVault } from "#test/support/agent/swap-job.ts";
import { keepFeedsFresh, refreshFeeds } from "#test/support/chain/fresh-feeds.ts";

/** A world in which the test stands for coordinator and market: real chains, Redis and agents, and fresh feeds. */
export type AttendedWorld = {
  readonly world: World;
  /** One for each chain that was asked for, in that order. */
  readonly sites: readonly AgentSite[];
  /** A test that sets prices itself holds the feeds meanwhile; they are as young as can be from then on. */
  readonly feeds: { readonly hold: () => Promise<void>; readonly keepFresh: () => void };
  readonly close: () => Promise<void>;
};

export type Attendance = {
  readonly seed: number;
  /** Number of chains of the world. */
  readonly chains: number;
  /** Numbers of the chains whose sites are opened and whose feeds are kept fresh. */
  readonly open: readonly number[];
  /** Those of them whose vault the planner leads; all by default. */
  readonly led?: readonly number[];
  /** Processes to leave out besides coordinator, market and takers. */
  readonly without?: readonly ProcessKind[];
};

/** Starts the world; the caller closes it. */
export async function openAttendedWorld(o: Attendance): Promise<AttendedWorld> {
  const left = ["coordinator", "market", "takers", ...(o.without ?? [])];
  const processes = Object.fromEntries(left.map((kind) => [kind, false]));
  const world = await startWorld({ chains: o.chains, seed: o.seed, processes });
  const sites = world.description.chains.map((chain) => openSite(world, chain));
  const sitesAt = (numbers: readonly number[]) => numbers.flatMap((number) => sites[number] ?? []);
  const opened = sitesAt(o.open);
  let stopFeeds: (() => Promise<void>) | null = keepFeedsFresh(world, opened);
  const feeds = {
    hold: async () => {
      if (stopFeeds === null) return;
      await stopFeeds();
      stopFeeds = null;
      await Promise.all(opened.map((site) => refreshFeeds(world, site)));
      // In a block: what the test sets, or how it moves the clock, comes after it.
      await Promise.all(opened.map(untilMined));
    },
    keepFresh: () => {
      stopFeeds ??= keepFeedsFresh(world, opened);
    },
  };
  const close = async (): Promise<void> => {
    await stopFeeds?.();
    for (const site of sites) await site.close();
    await world.stop();
  };
  try {
    await Promise.all(sitesAt(o.led ?? o.open).map((site) => leadVault(world, site)));
    // An agent answers before its first report, on a busy machine by seconds.
    if (!left.includes("agents"))
      await Promise.all(opened.map((site) => site.reportWith(() => true)));
    return { world, sites: opened, feeds, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function untilMined({ client, market }: AgentSite): Promise<void> {
  const count = (blockTag: "latest" | "pending") =>
    client.getTransactionCount({ address: market.address, blockTag });
  const isMined = async () => (await count("latest")) === (await count("pending"));
  await waitFor(isMined, (mined) => mined, "the refresh of the feeds in a block");
}

/** The only site of a world that was opened with one. */
export function onlySite({ sites }: AttendedWorld): AgentSite {
  const [site] = sites;
  if (site === undefined || sites.length > 1) throw new Error(`one site expected: ${sites.length}`);
  return site;
}
