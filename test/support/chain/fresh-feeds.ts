import { setTimeout as sleep } from "node:timers/promises";
import { pushPrice, setSlices } from "#test/local/market/feed-writer.ts";
import { surfaceSlices } from "#test/local/market/surface.ts";
import type { World } from "#test/local/world.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";

const VOLATILITY = 0.6;
const REFRESH_MS = 15_000;

/** Sets every feed of a site to what the world started with, at the time of the next block. */
export async function refreshFeeds(world: World, site: AgentSite): Promise<void> {
  const { market, chain } = site;
  await pushPrice(market, chain.settlement.feed, 1);
  for (const { feed, ticker } of chain.underlyings) {
    await pushPrice(market, feed, world.description.market?.startPricesUsd[ticker] ?? 0);
  }
  const { lyraV1 } = chain.positionVenues;
  if (lyraV1 !== null) await pushPrice(market, lyraV1.quoteFeed, 1);
  await setExpiries(world, site);
}

/** Expiries that tests added to a site; a periodic refresh keeps them. */
const addedExpiriesMs = new WeakMap<AgentSite, readonly number[]>();

/** Volatility for the world's expiries and those added so far; `extraMs` adds one for good. */
export async function setExpiries(world: World, site: AgentSite, extraMs?: number): Promise<void> {
  const { chain, market } = site;
  const before = addedExpiriesMs.get(site) ?? [];
  const extra = extraMs === undefined ? before : [...before, extraMs];
  addedExpiriesMs.set(site, extra);
  const expiriesMs = [...(world.description.market?.expiriesMs ?? []), ...extra].sort(
    (x, y) => x - y,
  );
  for (const { token } of chain.underlyings) {
    const slices = surfaceSlices(VOLATILITY, expiriesMs, Date.now());
    await setSlices(market, chain.contracts.volatilityFeed, { underlying: token, slices });
  }
}

/** Keeps feeds fresh in a world without a market, from now on; returns what ends it and waits for a refresh under way. */
export function keepFeedsFresh(world: World, sites: readonly AgentSite[]): () => Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  const refresh = (site: AgentSite): Promise<void> => {
    // A dear block or a reorganisation drops what was sent: the lane would wait behind the gap for ever.
    site.market.forgetNonce();
    // One that fails is made good by the next; a feed that stays old fails the test itself.
    return refreshFeeds(world, site).catch(() => undefined);
  };
  const keep = async (): Promise<void> => {
    while (!signal.aborted) {
      await Promise.all(sites.map(refresh));
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  const kept = keep();
  return async () => {
    ended.abort();
    await kept;
  };
}
