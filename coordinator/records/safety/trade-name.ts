import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";

/** What a shard may do again and again: one way at one market of one contract. */
export type TradeName = {
  /** Contract it goes through. */
  readonly venue: string;
  /** Pool, market, series of a market, or asset that is moved. */
  readonly market: string;
  readonly way: "buy" | "sell" | "in" | "out";
};

/** Key of a trade among those of one shard. */
export function tradeKey({ venue, market, way }: TradeName): string {
  return `${venue}/${market}/${way}`.toLowerCase();
}

/** Key of a shard's transfers to another among its trades. */
export function routeKey(target: string): string {
  return `>${target}`;
}

/** Name of a series of an option market, beside its market's. */
export function seriesMarket(
  market: string,
  { strikeId, type }: { readonly strikeId: string; readonly type: string },
): string {
  return `${market}:${strikeId}:${type}`;
}

/** What parameters ask for; null for a transfer, which has a route. */
export function tradeNameOf(params: JobParams, deltaUnits: number): TradeName | null {
  switch (params.kind) {
    case "swap":
    case "swap-exact-output":
      return { venue: params.venue, market: params.pool, way: deltaUnits > 0 ? "buy" : "sell" };
    case "perp-change": {
      const way = params.sizeE18.startsWith("-") ? "sell" : "buy";
      return { venue: params.venue, market: params.market, way };
    }
    case "option-trade": {
      const { strikeId, optionType: type, quantityE18 } = params;
      const way = quantityE18.startsWith("-") ? "sell" : "buy";
      return { venue: params.venue, market: seriesMarket(params.market, { strikeId, type }), way };
    }
    case "margin-move":
    case "lend-move": {
      const way = params.amountRaw.startsWith("-") ? "out" : "in";
      return { venue: params.venue, market: params.asset, way };
    }
    case "transfer":
      return null;
  }
}

/** What a breaker watches over when it counts a job: its trade, or its route; null where its parameters are not known. */
export function tradeScope({
  shard,
  target,
  params,
  expectedDeltaUnits,
}: Pick<JobRecord, "shard" | "target" | "params" | "expectedDeltaUnits">): string | null {
  if (params === null) return null;
  const name = tradeNameOf(params, expectedDeltaUnits);
  if (name !== null) return `trade:${shard}/${tradeKey(name)}`;
  return target === null ? null : `route:${shard}>${target}`;
}
