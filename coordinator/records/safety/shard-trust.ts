import { z } from "zod";
import { rawAmountSchema, unixMsSchema } from "#shared/wire/scalars.ts";
import { shardReportSchema } from "#shared/wire/shard-report.ts";

/**
 * Why a shard's word is not taken. `chain-mismatch`: its book is not what its chain says at that block.
 * `wrong-figures`: its Greeks, marks or scenarios do not follow from its own book and market.
 * `replicas-disagree`: two agents say different things of one block. `unproven`: it names blocks the
 * chain does not have. `sick`: it takes no jobs, or its jobs come to nothing, for too long.
 */
export const DISTRUST_KINDS = [
  "chain-mismatch",
  "wrong-figures",
  "replicas-disagree",
  "unproven",
  "sick",
] as const;

export type DistrustKind = (typeof DISTRUST_KINDS)[number];

const evidenceSchema = z.strictObject({
  atMs: unixMsSchema,
  kind: z.enum(DISTRUST_KINDS),
  agent: z.string(),
  /** What was said, and what was found. */
  said: z.string(),
  found: z.string(),
});

const bookEntrySchema = z.strictObject({ report: shardReportSchema, acceptedAtMs: unixMsSchema });

/** A report that its chain proved, and the vault's shares at its block: one without the other is a gain or a loss. */
export const provedReportSchema = z.strictObject({
  entry: bookEntrySchema,
  sharesRaw: rawAmountSchema,
});

/** How far one shard's word is taken. */
export const shardTrustSchema = z.strictObject({
  quarantine: z
    .strictObject({
      sinceMs: unixMsSchema,
      kind: z.enum(DISTRUST_KINDS),
      detail: z.string(),
      /** Its last book that was proved on its chain, or believed before there was a doubt; null when there is none. */
      trusted: bookEntrySchema.nullable(),
    })
    .nullable(),
  /** Reports in a row with wrong figures. */
  wrongInRow: z.number().int().min(0),
  /** Proved reports in a row since the last doubt. */
  honestInRow: z.number().int().min(0),
  /** Since when its agent takes no jobs; null when it does. */
  unwellSinceMs: unixMsSchema.nullable(),
  /** Failures of jobs before this count no more. */
  clearedAtMs: unixMsSchema,
  /** Since when no report could be proved although its chain answered; null when the last one was. */
  unprovenSinceMs: unixMsSchema.nullable(),
  /**
   * Since when its reports could not be held to all of its chain, and what of it did not show in the last look; null when
   * that saw everything.
   */
  unseen: z
    .strictObject({ sinceMs: unixMsSchema, parts: z.array(z.string()).max(64) })
    .nullable()
    .default(null),
  /** Newest last. */
  evidence: z.array(evidenceSchema).max(20),
});

/** Parts that are named; of more the first are told. */
const PARTS_MAX = 64;

/** What could not be seen, begun now unless it lasts already. */
export function notSeen(
  before: ShardTrust["unseen"],
  parts: Iterable<string>,
  nowMs: number,
): ShardTrust["unseen"] {
  const named = [...parts].slice(0, PARTS_MAX);
  return named.length === 0 ? null : { sinceMs: before?.sinceMs ?? nowMs, parts: named };
}

export type ShardTrust = z.infer<typeof shardTrustSchema>;
export type ProvedReport = z.infer<typeof provedReportSchema>;
export type Evidence = z.infer<typeof evidenceSchema>;

/** A shard nobody has doubted. */
export const TRUSTED: ShardTrust = {
  quarantine: null,
  wrongInRow: 0,
  honestInRow: 0,
  unwellSinceMs: null,
  clearedAtMs: 0,
  unprovenSinceMs: null,
  unseen: null,
  evidence: [],
};
