import {
  isInFlight,
  type JobKind,
  type JobRecord,
  type OptionExposure,
} from "#coordinator/records/jobs/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

/** What a job that is in flight, or just planned, will change, and which books already show it. */
export type PendingEffect = {
  readonly kind: JobKind;
  readonly shard: string;
  /** Shard a transfer goes to; null for all else. */
  readonly target: string | null;
  /** The vault's account or adapter it goes through; null for transfers. */
  readonly venue: Address | null;
  readonly underlying: string | null;
  /** Expected change of the shard's delta; positive bought. What the chain has proved is known, not expected. */
  readonly deltaUnits: number;
  /** What an option trade adds beside its delta; null for all else. */
  readonly option: OptionExposure | null;
  /** Options bought or sold, unsigned; left out of all but option trades. */
  readonly optionUnits?: number;
  /** True of a sale that brings an exact amount of the settlement asset; left out of all else. */
  readonly isForCash?: boolean;
  readonly amountUsd: number;
  /** Raw amount that leaves the vault: the underlying for swaps that sell, the settlement asset for all else; 0 when nothing does. */
  readonly outRaw: bigint;
  /** True when a final block shows it done: it will be in the books, whatever else happens. */
  readonly isCertain: boolean;
  /**
   * True when the shard's newest book is of a block past the mandate's deadline and its consumption is known nowhere: the
   * book is then right without it, and only another history of the chain could still bring it. Left out of all else.
   */
  readonly isLapsed?: boolean;
  /** True until the shard's own book shows that it left. */
  readonly isPendingAtShard: boolean;
  /** True until the target's book shows that it arrived; false for all but transfers, and once it has lapsed. */
  readonly isPendingAtTarget: boolean;
  /** True of a transfer that the target's book may show already, as far as anyone knows now. Left out of all else. */
  readonly isCreditInDoubt?: boolean;
};

/** What is known beside the jobs themselves; nothing when left out. */
export type PendingEvidence = {
  /** Guids of messages whose money cannot be counted on: it has left, and does not arrive. */
  readonly held?: ReadonlySet<string>;
  /** Time of the block of each shard's newest book. */
  readonly bookBlockMs?: ReadonlyMap<string, number>;
  /** Ids of transfers that their target's book may show already (judge-credit.ts). */
  readonly inDoubt?: ReadonlySet<string>;
};

/** Effects of all jobs that are in flight. */
export function pendingEffects(
  jobs: readonly JobRecord[],
  setups: ReadonlyMap<string, ShardSetup> = new Map(),
  { held = new Set(), bookBlockMs = new Map(), inDoubt = new Set() }: PendingEvidence = {},
): PendingEffect[] {
  return jobs.filter(isInFlight).map((job): PendingEffect => {
    const isOver = isLapsed(job, bookBlockMs.get(job.shard));
    return {
      kind: job.kind,
      shard: job.shard,
      target: job.target,
      venue: job.params !== null && "venue" in job.params ? job.params.venue : null,
      underlying: job.underlying,
      deltaUnits: job.expectedDeltaUnits,
      option: job.optionExposure,
      amountUsd: job.amountUsd,
      outRaw: BigInt(job.amountOutOfShardRaw),
      isCertain: job.consumption?.isFinal === true,
      ...(isOver ? { isLapsed: true } : {}),
      isPendingAtShard: job.state !== "in-transit",
      isPendingAtTarget:
        job.kind === "transfer" &&
        job.delivery === null &&
        !isOver &&
        !(job.guid !== null && held.has(job.guid)),
      ...(inDoubt.has(job.jobId) ? { isCreditInDoubt: true } : {}),
      ...(job.params?.kind === "option-trade"
        ? { optionUnits: Math.abs(unitsFromRaw(BigInt(job.params.quantityE18), 18)) }
        : {}),
      ...(job.params?.kind === "swap-exact-output" && job.expectedDeltaUnits < 0
        ? { isForCash: true }
        : {}),
      ...filled(job, setups.get(job.shard)),
    };
  });
}

/** The vault takes a mandate up to and in the second of its deadline: a later block has its effect, or none comes. */
function isLapsed({ mandate, consumption }: JobRecord, bookMs: number | undefined): boolean {
  if (mandate === null || consumption !== null || bookMs === undefined) return false;
  return bookMs > mandate.deadlineSeconds * 1000;
}

/** Those that change what a shard has, or may have: of its own jobs, and of transfers to it. */
export function effectsOn(effects: readonly PendingEffect[], shard: string): PendingEffect[] {
  return effects.filter((effect) => effect.shard === shard || effect.target === shard);
}

/** True of what the shard's book will come to show, as far as anyone can tell. */
export function isExpected({
  isPendingAtShard,
  isLapsed: isOver,
}: Pick<PendingEffect, "isPendingAtShard" | "isLapsed">): boolean {
  return isPendingAtShard && isOver !== true;
}

/** What a swap came to that the chain has shown and the book does not yet: more or less than was planned. */
function filled(
  { kind, consumption, underlying, expectedDeltaUnits }: JobRecord,
  setup: ShardSetup | undefined,
): Partial<Pick<PendingEffect, "deltaUnits" | "outRaw">> {
  const token = setup?.underlyings.find((one) => one.ticker === underlying);
  if (kind !== "swap" || consumption === null || token === undefined) return {};
  const { amountInRaw, amountOutRaw } = consumption;
  if (amountInRaw === "0" || amountOutRaw === "0") return {};
  const deltaUnits =
    expectedDeltaUnits > 0
      ? unitsFromRaw(BigInt(amountOutRaw), token.decimals)
      : -unitsFromRaw(BigInt(amountInRaw), token.decimals);
  return { deltaUnits, outRaw: BigInt(amountInRaw) };
}

/** True for what changes the exposure to an underlying, and not only where money is. */
export function isHedge({ kind }: Pick<PendingEffect, "kind">): boolean {
  return kind === "swap" || kind === "perp-change" || kind === "option-trade";
}

/** True of what goes through a contract, however its address is written: each agent of a shard writes it as its own configuration does. */
export function isThrough({ venue }: Pick<PendingEffect, "venue">, adapter: string): boolean {
  return venue?.toLowerCase() === adapter.toLowerCase();
}

/** Settlement asset that will still leave the shard's vault, raw. */
export function pendingCashOutRaw(effects: readonly PendingEffect[], shard: string): bigint {
  return sumOut(effects, (effect) => effect.shard === shard && !isSale(effect));
}

/** Settlement asset that comes to the vault from its own accounts at venues, and from sales for cash, USD. */
export function pendingHomeUsd(effects: readonly PendingEffect[], shard: string): number {
  return effects.reduce((total, effect) => {
    const isMove = effect.kind === "lend-move" || effect.kind === "margin-move";
    const isHome = (isMove && effect.outRaw === 0n) || effect.isForCash === true;
    return isHome && isExpected(effect) && effect.shard === shard
      ? total + effect.amountUsd
      : total;
  }, 0);
}

/** Collateral on its way to a shard that its book surely does not show yet, USD. */
export function arrivingUsd(effects: readonly PendingEffect[], shard: string): number {
  return sumComing(effects, shard, false);
}

/** Collateral sent to a shard of which nobody knows whether its book shows it already or it still comes, USD. */
export function inDoubtUsd(effects: readonly PendingEffect[], shard: string): number {
  return sumComing(effects, shard, true);
}

function sumComing(effects: readonly PendingEffect[], shard: string, isInDoubt: boolean): number {
  return effects.reduce((total, effect) => {
    const isMeant = effect.target === shard && (effect.isCreditInDoubt === true) === isInDoubt;
    return isMeant && effect.isPendingAtTarget ? total + effect.amountUsd : total;
  }, 0);
}

/** Hedge asset that will still leave the shard's vault, raw. */
export function pendingSellRaw(
  effects: readonly PendingEffect[],
  shard: string,
  underlying: string,
): bigint {
  return sumOut(effects, (effect) => {
    return effect.shard === shard && effect.underlying === underlying && isSale(effect);
  });
}

function isSale({ kind, deltaUnits }: PendingEffect): boolean {
  return kind === "swap" && deltaUnits < 0;
}

function sumOut(
  effects: readonly PendingEffect[],
  matches: (effect: PendingEffect) => boolean,
): bigint {
  return effects.reduce((total, effect) => {
    return effect.isPendingAtShard && matches(effect) ? total + effect.outRaw : total;
  }, 0n);
}
