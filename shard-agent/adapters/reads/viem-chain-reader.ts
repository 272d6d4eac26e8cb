import type { Address, Hex } from "viem";
import { batchedViews } from "#shard-agent/adapters/reads/batched-views.ts";
import {
  type Carried,
  type ReadParts,
  readOn,
  readWhole,
  type ShardReads,
} from "#shard-agent/adapters/reads/carried-reads.ts";
import { type LensOptions, lensReads } from "#shard-agent/adapters/reads/lens-reads.ts";
import { recentEvents } from "#shard-agent/adapters/reads/recent-events.ts";
import { capsReader } from "#shard-agent/adapters/reads/viem-caps-reader.ts";
import {
  type RouteQuoteOptions,
  routeQuoteReader,
} from "#shard-agent/adapters/reads/viem-route-quotes.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { ChainReader, DepthAsked } from "#shard-agent/ports/chain.ts";
import type { PositionVenue } from "#shard-agent/ports/venue.ts";
import type { BlockHeader, VenueReading } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";

/** After so many blocks everything is read anew, and what was carried on is compared with it. */
const WHOLE_EVERY_BLOCKS = 32;
/** After a difference nothing is carried on for so many blocks. */
const DISTRUST_BLOCKS = 256;

export type ChainReaderOptions = LensOptions & {
  readonly settlementToken: Address;
  readonly settlementDecimals: number;
  /** The vault's venue desk and its accounts at venues; null when it has none. */
  readonly positions: { readonly desk: Address; readonly venues: readonly PositionVenue[] } | null;
  readonly routes: RouteQuoteOptions;
  readonly log: Log;
};

/** {@link ChainReader} over raw JSON-RPC: few calls at a block's hash, and what its parent left. */
export function viemChainReader(rpc: RpcClient, options: ChainReaderOptions): ChainReader {
  const { vault } = options.contracts;
  const readCaps = capsReader(rpc, options.positions?.desk ?? null);
  const readRoutes = routeQuoteReader(
    rpc,
    { vault, token: options.settlementToken },
    options.routes,
  );
  const readVenues = venueReader(rpc, options);
  const head = async (): Promise<BlockHeader> => {
    const header = await readHeader(rpc, "latest");
    if (header === null)
      throw new RetryableError("rpc-failed", "eth_getBlockByNumber: no latest block");
    return header;
  };
  const finalized = () => readHeader(rpc, "finalized");
  const readShard = shardReader(
    {
      lens: lensReads(rpc, options),
      events: recentEvents(rpc, { ...options, vault, desk: options.positions?.desk ?? null }),
      finalizedNumber: async ({ number }) => Math.min((await finalized())?.number ?? 0, number),
      options,
    },
    options.log,
  );
  return {
    head,
    finalized,
    headerAt: (number) => readHeader(rpc, number),
    snapshot: async (block, depth) => {
      const [shard, venues, routes, caps] = await Promise.all([
        readShard(block, depth),
        readVenues(block),
        readRoutes(block),
        readCaps(block),
      ]);
      return { ...shard, venues, routes, caps };
    },
  };
}

/**
 * Reads a shard at one block after the other. What an earlier block left is carried on; at the start, after a
 * reorganisation, a failure and {@link WHOLE_EVERY_BLOCKS} blocks everything is read anew. Then both ways are
 * compared: where they differ the chain's own figures are reported, and nothing is carried on for a while.
 */
export function shardReader(
  parts: ReadParts,
  log: Log,
): (block: BlockHeader, depth: DepthAsked) => Promise<ShardReads> {
  let last: (Carried & { readonly wholeAt: number }) | null = null;
  let distrustedTo = 0;
  return async (block, asked) => {
    const carried = last;
    // A read that fails leaves nothing to go on from.
    last = null;
    if (carried !== null && block.number < carried.wholeAt + WHOLE_EVERY_BLOCKS) {
      const on = await readOn(parts, carried, block, asked);
      if (on !== null) {
        last = { ...on.carried, wholeAt: carried.wholeAt };
        return on.reads;
      }
    }
    const depth = await asked;
    const { reads, carried: fresh } = await readWhole(parts, block, depth);
    if (block.number < distrustedTo) return reads;
    const sameFinal = { ...parts, finalizedNumber: async () => reads.finalizedNumber };
    const on = carried === null ? null : await readOn(sameFinal, carried, block, depth);
    const other = on ?? (await readOn(sameFinal, fresh, block, depth));
    const fields = other === null ? [] : differences(other.reads, reads);
    if (fields.length === 0) last = { ...fresh, wholeAt: block.number };
    else {
      distrustedTo = block.number + DISTRUST_BLOCKS;
      const text = "reads carried on from block to block differ from the chain's own";
      log.error(text, { block: block.number, fields, carriedAgainFrom: distrustedTo });
    }
    return reads;
  };
}

/** Names of the fields that differ. */
function differences(on: ShardReads, whole: ShardReads): string[] {
  const names = Object.keys(whole) as (keyof ShardReads)[];
  return names.filter((name) => textOf(on[name]) !== textOf(whole[name]));
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? `${one}n` : one));
}

/** A venue that cannot be read leaves no report: what it keeps is not zero. */
function venueReader(
  rpc: RpcClient,
  { contracts: { lens }, positions }: ChainReaderOptions,
): (block: BlockHeader) => Promise<VenueReading[]> {
  let code: Promise<Hex> | null = null;
  return ({ hash }) => {
    const at = { blockHash: hash };
    const readCode = async () => (await rpc.request("eth_getCode", [lens, at])) as Hex;
    const views = batchedViews(rpc, {
      lens,
      at,
      code: () => {
        code ??= readCode().catch((error: unknown) => {
          code = null;
          throw error;
        });
        return code;
      },
    });
    return Promise.all((positions?.venues ?? []).map((venue) => venue.read(views)));
  };
}
