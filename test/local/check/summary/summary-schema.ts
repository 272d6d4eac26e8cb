import { z } from "zod";

const raw = z.string().regex(/^-?[0-9]+$/);
const counts = z.record(z.string(), z.number().int());

const checkSchema = z.strictObject({
  name: z.string(),
  ok: z.boolean(),
  /** What was found, in words and numbers. */
  detail: z.string(),
});

/** One underlying over the run. Units are of the underlying; times in milliseconds. */
const underlyingSchema = z.strictObject({
  final: z.strictObject({
    spotUsd: z.number(),
    netDeltaUnits: z.number(),
    optionDeltaUnits: z.number(),
    hedgeUnits: z.number(),
    perpUnits: z.number(),
    gammaUnitsPerUsd: z.number(),
    halfWidthUnits: z.number(),
  }),
  watchedMs: z.number(),
  timeOutsideBandMs: z.number(),
  /** Same fills, no hedges, no transfers. */
  counterfactualTimeOutsideBandMs: z.number(),
  bandViolations: z.number().int(),
  meanAbsNetDeltaUnits: z.number(),
  meanAbsCounterfactualDeltaUnits: z.number(),
  maxAbsNetDeltaUnits: z.number(),
  maxAbsCounterfactualDeltaUnits: z.number(),
  /** Time average of the sum of |shard option delta| over that of |net option delta|; null when the latter is 0. */
  offsettingRatio: z.number().nullable(),
  /** Evenly thinned over the run, oldest first. */
  series: z.array(
    z.strictObject({
      atMs: z.number(),
      spotUsd: z.number(),
      netDeltaUnits: z.number(),
      counterfactualDeltaUnits: z.number(),
      halfWidthUnits: z.number(),
    }),
  ),
});

/** USD. `totalUsd` = shortfall + gas + failed gas + transfer gas + bridge; the pool fee is part of the shortfall. */
const costSchema = z.strictObject({
  hedges: z.number().int(),
  turnoverUsd: z.number(),
  shortfallUsd: z.number(),
  shortfallPoolFeesUsd: z.number(),
  shortfallPriceUsd: z.number(),
  gasUsd: z.number(),
  failedGasUsd: z.number(),
  transferGasUsd: z.number(),
  bridgeFeeUsd: z.number(),
  totalUsd: z.number(),
});

const unhedgedSchema = z.strictObject({
  /** Time during which a part stayed unhedged for this reason, over all shards. */
  ms: z.number(),
  meanUnits: z.number(),
  maxUnits: z.number(),
  /** Time integral of the unhedged value, in USD-hours. */
  usdHours: z.number(),
  maxUsd: z.number(),
});

/** Each shard hedging its own delta in its own pools by the same band rule at the observed blocks. */
const naiveSchema = z.strictObject({
  trades: z.number().int(),
  turnoverUsd: z.number(),
  shortfallUsd: z.number(),
  shortfallPoolFeesUsd: z.number(),
  /** Trades x the mean gas cost of the executed hedges; 0 when none was executed. */
  gasUsd: z.number(),
  totalUsd: z.number(),
  shardTimeOutsideBandFraction: z.number(),
  /** Not priced: what would need a short, cash or depth the shard does not have. Keys are `<ticker> <reason>`. */
  unhedged: z.record(z.string(), unhedgedSchema),
});

const percentilesSchema = z.strictObject({
  count: z.number().int(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});

const accountSchema = z.strictObject({
  shard: z.string(),
  asset: z.string(),
  openingRaw: raw,
  flowsRaw: z.record(z.string(), raw),
  closingRaw: raw,
  differenceRaw: raw,
});

/** What `npm start` writes to `--json`. Amounts ending in `Raw` are decimal strings in the asset's own decimals. */
export const summarySchema = z.strictObject({
  version: z.literal(1),
  seed: z.number(),
  startedAtMs: z.number(),
  checkedAtMs: z.number(),
  /** True when every check holds. */
  ok: z.boolean(),
  checks: z.array(checkSchema),
  finalBlocks: z.record(
    z.string(),
    z.strictObject({ number: z.number(), timestampMs: z.number() }),
  ),
  trades: z.strictObject({
    total: z.number().int(),
    sold: z.number().int(),
    bought: z.number().int(),
    settledSeries: z.number().int(),
  }),
  reports: z.strictObject({ accepted: z.number().int(), refused: counts }),
  jobs: z.strictObject({
    byState: counts,
    consumed: z.number().int(),
    replaysReverted: z.number().int(),
    replayReasons: counts,
    otherReverted: z.number().int(),
    otherReasons: counts,
  }),
  transfers: z.strictObject({
    sent: z.number().int(),
    delivered: z.number().int(),
    inTransit: z.number().int(),
    amountRaw: raw,
  }),
  accounts: z.array(accountSchema),
  supply: z.strictObject({
    openingRaw: raw,
    mintedRaw: raw,
    burntRaw: raw,
    closingRaw: raw,
    inTransitRaw: raw,
    differenceRaw: raw,
  }),
  /** Empty when the chains' final state could not be read. */
  underlyings: z.record(z.string(), underlyingSchema),
  /** The same ratio over all underlyings, in USD. */
  offsettingRatioUsd: z.number().nullable(),
  /** Null when it could not be read; a check says why. */
  hedgingCost: costSchema.nullable(),
  naive: naiveSchema.nullable(),
  latency: z.strictObject({
    blockToAccepted: percentilesSchema,
    blockToSent: percentilesSchema,
    acceptedToDecided: percentilesSchema,
    decidedToIncluded: percentilesSchema,
    blockToIncluded: percentilesSchema,
  }),
  observer: z.strictObject({ samples: z.number().int(), failedLooks: z.number().int() }),
});

export type Summary = z.infer<typeof summarySchema>;
export type Check = Summary["checks"][number];
