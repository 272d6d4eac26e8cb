import { z } from "zod";
import { finiteSchema, rawAmountSchema, unixMsSchema } from "#shared/wire/scalars.ts";

/**
 * Profit and loss in USD since the ledger began, money that came in and went out left out: at least `pnlUsd`, and up to
 * `spreadUsd` more.
 */
const sampleSchema = z.strictObject({
  atMs: unixMsSchema,
  pnlUsd: finiteSchema,
  spreadUsd: finiteSchema.min(0).default(0),
});

const trackSchema = z.strictObject({
  /** Samples of the last seconds, as measured. */
  recent: z.array(sampleSchema).max(64),
  /** Highest of each part of the loss window, oldest first. */
  window: z.array(sampleSchema).max(64),
  /** Highest ever: survives restarts; only a person takes it back. */
  peakUsd: finiteSchema,
});

const transferSchema = z.strictObject({ isOut: z.boolean(), isIn: z.boolean() });

const shardLedgerSchema = z.strictObject({
  track: trackSchema,
  /** What the shard was given less what was taken from it, its equity at the beginning included. */
  flowsUsd: finiteSchema,
  /** Shares of the vault when flows were last counted; null before its chain was read. */
  sharesRaw: rawAmountSchema.nullable(),
  equityUsd: finiteSchema,
});

/** Profit and loss of every shard and of all together, and which transfers are counted already. */
export const capitalLedgerSchema = z.strictObject({
  shards: z.record(z.string(), shardLedgerSchema),
  all: trackSchema,
  /** Since when not every shard has a proved book that can be valued; null when every one has. */
  unprovedSinceMs: unixMsSchema.nullable().default(null),
  /** Transfers that are not counted at both ends for good, by job id. */
  transfers: z.record(z.string(), transferSchema),
});

export type PnlSample = z.infer<typeof sampleSchema>;
export type PnlTrack = z.infer<typeof trackSchema>;
export type ShardLedger = z.infer<typeof shardLedgerSchema>;
export type CapitalLedger = z.infer<typeof capitalLedgerSchema>;

const NEW_TRACK: PnlTrack = { recent: [], window: [], peakUsd: 0 };

/** The ledger of a shard that is seen for the first time: its profit and loss begin at zero. */
export function newShardLedger(equityUsd: number): ShardLedger {
  return { track: NEW_TRACK, flowsUsd: equityUsd, sharesRaw: null, equityUsd };
}

export const NEW_LEDGER: CapitalLedger = {
  shards: {},
  all: NEW_TRACK,
  unprovedSinceMs: null,
  transfers: {},
};
