import { z } from "zod";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { hash32Schema, hexSchema } from "#shared/wire/scalars.ts";

/** Only what the checker and the view need; everything else in an answer is ignored. */
const greeksSchema = z.object({
  deltaUnits: z.number(),
  gammaUnitsPerUsd: z.number(),
  vegaUsdPerVolPoint: z.number(),
});
const nullableNumber = z.number().nullable();

const riskSchema = z.object({
  asOfMs: z.number(),
  mode: z.string(),
  haltReasons: z.array(z.string()),
  shadow: z.boolean(),
  snapshot: z.record(
    z.string(),
    z.object({ spotUsd: nullableNumber, refused: z.string().nullable() }),
  ),
  net: z.record(
    z.string(),
    z.object({
      greeks: greeksSchema,
      inFlightDeltaUnits: z.number(),
      bandHalfWidthUnits: nullableNumber,
      status: z.string(),
    }),
  ),
  jobsInFlight: z.union([z.number(), z.array(z.unknown()).transform((jobs) => jobs.length)]),
});

const shardSchema = z.object({
  id: z.string(),
  mode: z.string(),
  reasons: z.array(z.string()),
  lastReport: z.object({ blockNumber: z.number(), ageMs: z.number() }).nullable(),
  greeks: z.record(z.string(), greeksSchema),
  collateralUsd: nullableNumber,
  solvencyRatio: nullableNumber,
});

const reportRefSchema = z.object({
  shard: z.string(),
  agent: z.string(),
  seq: z.number(),
  blockNumber: z.number(),
  blockHash: hexSchema,
  blockTimestampMs: z.number(),
});

const timesSchema = z.object({
  oldestBlockTimestampMs: z.number(),
  acceptedAtMs: z.number(),
  decidedAtMs: z.number(),
  recordedAtMs: z.number(),
  sentAtMs: nullableNumber,
  includedBlockTimestampMs: nullableNumber,
  settledAtMs: nullableNumber,
});

const jobSchema = z.object({
  jobId: hash32Schema,
  shard: z.string(),
  kind: z.enum(["swap", "transfer", "lend-move", "margin-move", "perp-change", "option-trade"]),
  state: z.string(),
  underlying: z.string().nullable(),
  amountUsd: nullableNumber,
  reportSet: z.array(reportRefSchema),
  times: timesSchema,
});

const decisionSchema = z.object({
  planId: z.string().nullable(),
  atMs: z.number(),
  trigger: z.string(),
  underlyings: z.array(
    z.object({
      underlying: z.string(),
      netDeltaUnits: nullableNumber,
      halfWidthUnits: nullableNumber,
      /** Left out by coordinators that did not say. */
      tier: z.string().nullable().default(null),
      action: z.string(),
      reason: z.string(),
      tradeUnits: nullableNumber,
    }),
  ),
  transfers: z.array(
    z.object({ source: z.string(), target: z.string(), amountUsd: z.number(), reason: z.string() }),
  ),
  /** Left out by coordinators that did not say. */
  treasury: z
    .array(
      z.object({
        shard: z.string(),
        venue: z.string(),
        amountUsd: z.number(),
        reason: z.string(),
      }),
    )
    .default([]),
  blocked: z.array(z.string()),
});

const countersSchema = z.object({
  reports: z.object({ accepted: z.number(), refused: z.record(z.string(), z.number()) }),
  passes: z.number(),
  decisions: z.number(),
  jobs: z.record(z.string(), z.number()),
});

export type RiskAnswer = z.infer<typeof riskSchema>;
export type ShardAnswer = z.infer<typeof shardSchema>;
export type JobAnswer = z.infer<typeof jobSchema>;
export type DecisionAnswer = z.infer<typeof decisionSchema>;
export type CountersAnswer = z.infer<typeof countersSchema>;
export type ReportReference = z.infer<typeof reportRefSchema>;

/**
 * The coordinator's admin API as the checker and the view use it. Lists are newest first. Every call
 * rejects with a RetryableError when the API does not answer, with a FatalError when it refuses or
 * answers something unexpected (the message names the field).
 */
export type AdminApi = {
  readonly risk: () => Promise<RiskAnswer>;
  readonly shards: () => Promise<readonly ShardAnswer[]>;
  readonly jobs: (limit: number) => Promise<readonly JobAnswer[]>;
  readonly decisions: (limit: number) => Promise<readonly DecisionAnswer[]>;
  readonly counters: () => Promise<CountersAnswer>;
};

/** Client of the admin API at `url`, with the key in the `x-api-key` header. */
export function adminApiClient(o: {
  readonly url: string;
  readonly key: string;
  readonly timeoutMs?: number;
}): AdminApi {
  const get = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
    const body = await fetchJson(new URL(path, o.url), {
      key: o.key,
      timeoutMs: o.timeoutMs ?? 5000,
    });
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new FatalError("admin-api-answer", `GET ${path}: ${z.prettifyError(parsed.error)}`);
  };
  return {
    risk: () => get("/v1/risk", riskSchema),
    shards: async () =>
      (await get("/v1/shards", z.object({ shards: z.array(shardSchema) }))).shards,
    jobs: async (limit) =>
      (await get(`/v1/jobs?limit=${limit}`, z.object({ jobs: z.array(jobSchema) }))).jobs,
    decisions: async (limit) =>
      (await get(`/v1/decisions?limit=${limit}`, z.object({ decisions: z.array(decisionSchema) })))
        .decisions,
    counters: () => get("/v1/counters", countersSchema),
  };
}

async function fetchJson(
  url: URL,
  o: { readonly key: string; readonly timeoutMs: number },
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { "x-api-key": o.key },
      signal: AbortSignal.timeout(o.timeoutMs),
    });
  } catch (cause) {
    throw new RetryableError(
      "admin-api-unreachable",
      `GET ${url.pathname} at ${url.host}: no answer`,
      { cause },
    );
  }
  const text = await response.text();
  if (response.status >= 500) {
    throw new RetryableError(
      "admin-api-unavailable",
      `GET ${url.pathname}: ${response.status} ${text.slice(0, 200)}`,
    );
  }
  if (!response.ok)
    throw new FatalError(
      "admin-api-refused",
      `GET ${url.pathname}: ${response.status} ${text.slice(0, 200)}`,
    );
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FatalError(
      "admin-api-answer",
      `GET ${url.pathname}: not JSON: ${text.slice(0, 80)}`,
      { cause },
    );
  }
}
