import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { ShardStatus } from "#coordinator/stages/safety/judge-shard.ts";
import type { DepthContext, DepthPoint, Side } from "#coordinator/stages/trades/depth-cost.ts";
import type { TradeOption } from "#coordinator/stages/trades/split-trade.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address } from "#shared/units/ids.ts";
import type { CapacityLine, PerpLine } from "#shared/wire/shard-report.ts";

/** What one shard brings to a pass. */
export type ShardInput = {
  readonly setup: ShardSetup;
  readonly status: ShardStatus;
  readonly valuation: ShardValuation;
};

/** Most units each limit allows, by what it says when it leaves nothing. */
export type Limits = Readonly<Record<string, number>>;

export type HedgeContext = {
  readonly underlying: string;
  readonly side: Side;
  /** Of jobs in flight, and of what the plan does before this. */
  readonly effects: readonly PendingEffect[];
  /** Those of them that are in flight: beside what is only planned a shard may trade on another of its venues; all when left out. */
  readonly inFlight?: readonly PendingEffect[];
  readonly policy: Policy;
  /** USD per native coin by ticker, for gas. */
  readonly nativeUsd: ReadonlyMap<string, number>;
};

/** A swap pool. */
type SpotVenue = { readonly kind: "spot"; readonly line: CapacityLine };

/** A perpetual market with the vault's account there. */
export type PerpVenue = {
  readonly kind: "perp";
  readonly line: PerpLine;
  /** False when the trade takes back a position: it needs no margin. */
  readonly isOpening: boolean;
};

/** Where a trade is done, in names that outlive a report. */
export type Place = {
  readonly venue: string;
  readonly adapter: Address;
  /** Pool or market. */
  readonly market: Address;
};

/** A venue on which a shard may trade now, with what limits it. */
export type HedgeOption = TradeOption & {
  readonly input: ShardInput;
  readonly underlying: string;
  readonly venue: SpotVenue | PerpVenue;
  readonly place: Place;
  readonly points: readonly DepthPoint[];
  readonly depth: DepthContext;
  /** Raw amount of the asset sold or spent that is there and no pending job will spend; 0 for perpetuals. */
  readonly freeRaw: bigint;
  /** The better of snapshot and the shard's own feed for this side: what the vault compares with, too. */
  readonly fairSpotUsd: number;
  /** Funding of one unit over the policy's horizon, part of its cost; negative when it is received. */
  readonly carryUsdPerUnit: number;
  /** Collateral after haircut that one unit takes beside its cost; negative when it frees some. */
  readonly haircutUsdPerUnit: number;
  /** Capital the vault itself counts that one unit takes beside its cost. */
  readonly chainUsdPerUnit: number;
  /** Cash of the vault that one unit takes beside what it costs to execute; 0 where it takes none, not even its cost. */
  readonly cashUsdPerUnit: number;
  /** The smallest of them is `limitUnits`. */
  readonly limits: Limits;
};
