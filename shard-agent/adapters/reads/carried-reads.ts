import { hexToNumber } from "viem";
import type {
  LensBook,
  LensOptions,
  LensReads,
  LensState,
} from "#shard-agent/adapters/reads/lens-reads.ts";
import { type LensSnapshot, lensSnapshot } from "#shard-agent/adapters/reads/lens-snapshot.ts";
import {
  readDepth,
  readTickTables,
  type TickTables,
} from "#shard-agent/adapters/reads/pool-depth.ts";
import {
  type EventFacts,
  firstEventBlock,
  hasLiquidityChange,
  type RecentEvents,
} from "#shard-agent/adapters/reads/recent-events.ts";
import type { RawLog } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { DepthAsked } from "#shard-agent/ports/chain.ts";
import { isSameAddress } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader, DepthRequest } from "#shard-agent/records/shard-snapshot.ts";
import { FatalError } from "#shared/errors.ts";
import { optionLiabilities } from "#shared/evm/option-liabilities.ts";

/** What is read of a shard at one block, but for its venues, routes and caps. */
export type ShardReads = LensSnapshot & EventFacts & { readonly finalizedNumber: number };

/** What is known at a block and still true at its child unless the child says otherwise. */
export type Carried = {
  readonly block: BlockHeader;
  readonly book: Pick<LensBook, "revision" | "series">;
  readonly tables: TickTables;
  /** Events of the blocks from `eventsFrom`, oldest first. */
  readonly logs: readonly RawLog[];
  readonly eventsFrom: number;
};

export type ReadParts = {
  readonly lens: LensReads;
  readonly events: RecentEvents;
  /** The newest final block's number; at most that of the block read. */
  readonly finalizedNumber: (block: BlockHeader) => Promise<number>;
  readonly options: Pick<LensOptions, "pools" | "sender"> & { readonly settlementDecimals: number };
};

type Read = { readonly reads: ShardReads; readonly carried: Carried };

/** Everything from the chain's own mouth: its liabilities, QuoterV2's depth, the events by number. */
export async function readWhole(
  parts: ReadParts,
  block: BlockHeader,
  depth: readonly DepthRequest[],
): Promise<Read> {
  const { lens, options } = parts;
  const [[state, tables], book, amountsOut, { logs, finalizedNumber }] = await Promise.all([
    readStateAndTicks(parts, block),
    lens.book(block),
    lens.quotes(block, depth),
    readEvents(parts, block),
  ]);
  const shard = lensSnapshot(state, book, { ...options, block, depth, amountsOut });
  const facts = await parts.events.factsOf(logs);
  const eventsFrom = firstEventBlock(finalizedNumber);
  return {
    reads: { ...shard, ...facts, finalizedNumber },
    carried: { block, book, tables, logs, eventsFrom },
  };
}

async function readStateAndTicks(
  { lens, options: { pools: addresses } }: ReadParts,
  block: BlockHeader,
): Promise<[LensState, TickTables]> {
  const state = await lens.state(block);
  const { pools } = state;
  const anew = { known: new Map(), changed: () => true };
  return [state, await readTickTables(lens, block, { addresses, pools, ...anew })];
}

async function readEvents({ events, finalizedNumber }: ReadParts, block: BlockHeader) {
  const final = await finalizedNumber(block);
  return { finalizedNumber: final, logs: await events.upTo(block, final) };
}

/**
 * The same with what an earlier block left: series while the book's revision stays, ticks while no event says that
 * liquidity changed, events but the block's own. Liabilities and depth are computed, to the unit.
 *
 * @returns Null when the block does not descend from the one carried, or its events reach further back.
 */
export async function readOn(
  parts: ReadParts,
  carried: Carried,
  block: BlockHeader,
  asked: DepthAsked,
): Promise<Read | null> {
  const { lens, options } = parts;
  const [state, fresh, finalizedNumber, depth] = await Promise.all([
    lens.state(block),
    parts.events.since(carried.block, block),
    parts.finalizedNumber(block),
    asked,
  ]);
  const from = firstEventBlock(finalizedNumber);
  if (fresh === null || from < carried.eventsFrom) return null;
  const [book, { tables, amountsOut }] = await Promise.all([
    state.bookRevision === carried.book.revision ? carried.book : lens.book(block),
    depthOn(parts, { carried, block, depth, state, fresh }),
  ]);
  const counted = { series: book.series, ...accountOf(state, book, options.settlementDecimals) };
  const shard = lensSnapshot(state, counted, { ...options, block, depth, amountsOut });
  const logs = [...carried.logs, ...fresh];
  const facts = await parts.events.factsOf(
    logs.filter(({ blockNumber }) => hexToNumber(blockNumber) >= from),
  );
  const { eventsFrom } = carried;
  return {
    reads: { ...shard, ...facts, finalizedNumber },
    carried: { block, book, tables, logs, eventsFrom },
  };
}

async function depthOn(
  { lens, options: { pools: addresses } }: ReadParts,
  o: {
    readonly carried: Carried;
    readonly block: BlockHeader;
    readonly depth: readonly DepthRequest[];
    readonly state: LensState;
    readonly fresh: readonly RawLog[];
  },
): Promise<{ readonly tables: TickTables; readonly amountsOut: readonly bigint[] }> {
  const { block, fresh, depth: requests } = o;
  const { pools } = o.state;
  const tables = await readTickTables(lens, block, {
    addresses,
    pools,
    known: o.carried.tables,
    changed: (pool) => hasLiquidityChange(fresh, pool),
  });
  return {
    tables,
    amountsOut: await readDepth(lens, block, { requests, addresses, pools, tables }),
  };
}

type Counted = { readonly at: string; readonly liabilities: bigint };
const lastCounted = new WeakMap<Carried["book"]["series"], Counted>();

function accountOf(
  state: LensState,
  { series }: Carried["book"],
  settlementDecimals: number,
): Pick<LensBook, "capital" | "liabilities"> {
  const liabilities = liabilitiesOf(state, series, settlementDecimals);
  return { liabilities, capital: state.countedAssets - liabilities };
}

/** Counted once for the same series, prices and margin: feeds stand still for many blocks. */
function liabilitiesOf(
  { hedgePrices, marginBps: margin }: LensState,
  series: Carried["book"]["series"],
  settlementDecimals: number,
): bigint {
  const prices = hedgePrices.map(({ asset, answer }) => `${asset} ${answer}`);
  const at = [margin, settlementDecimals, ...prices].join();
  const before = lastCounted.get(series);
  if (before?.at === at) return before.liabilities;
  const priceE8 = (underlying: string): bigint => {
    const price = hedgePrices.find(({ asset }) => isSameAddress(asset, underlying as never));
    if (price !== undefined && price.answer > 0n) return price.answer;
    const found = price?.answer ?? "no feed";
    throw new FatalError("bad-price", `Feed of ${underlying}: found ${found}; must be above 0.`);
  };
  const marginBps = BigInt(margin);
  const liabilities = optionLiabilities(series, { priceE8, marginBps, settlementDecimals });
  lastCounted.set(series, { at, liabilities });
  return liabilities;
}
