import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JobOutcome, jobOutcomeOf } from "#coordinator/records/jobs/job-outcome.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { type BreakerMeasure, newBreaker } from "#coordinator/records/safety/breaker-state.ts";
import { TRUSTED } from "#coordinator/records/safety/shard-trust.ts";
import { judgeBreakers } from "#coordinator/stages/safety/judge-breakers.ts";
import {
  type MeasureContext,
  measureBreakers,
} from "#coordinator/stages/safety/measure-breakers.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import {
  aJobRecord,
  anEntry,
  aPolicy,
  aShardSetup,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aTransferRecord } from "#test/support/coordinator/transfer-record.ts";

const SHARDS: readonly TestShard[] = ["arbitrum", "base", "optimism"];
const BASE: MeasureContext = {
  setups: new Map(SHARDS.map((shard) => [shard, aShardSetup(shard)])),
  entries: SHARDS.map((shard) => anEntry({ shard })),
  carried: new Set(),
  jobs: [],
  messages: [],
  outcomes: [],
  trust: {},
  refusals: {},
  before: [],
  policy: aPolicy(),
  nowMs: NOW_MS,
};

function measure(kind: string, scope: string, changes: Partial<MeasureContext>) {
  const found = measureBreakers({ ...BASE, ...changes });
  return found.find((one) => one.kind === kind && one.scope === scope)?.value;
}

const anOutcome = (changes: Partial<JobOutcome> = {}): JobOutcome => ({
  jobId: "0x01",
  shard: "base",
  venue: "0xad",
  underlying: "ETH",
  atMs: NOW_MS - 1000,
  isDone: true,
  isVenueFailure: false,
  isIdleCash: false,
  fill: { notionalUsd: 10_000, costUsd: 50 },
  ...changes,
});
const several = (count: number, changes: Partial<JobOutcome> = {}): JobOutcome[] =>
  Array.from({ length: count }, () => anOutcome(changes));

test("the time since a shard's chain was last seen whole is measured in milliseconds; 0 when it was", () => {
  const unseen = { sinceMs: NOW_MS - 90_000, parts: ["account 0x01"] };
  const trust = {
    base: { ...TRUSTED, unseen },
    arbitrum: TRUSTED,
    elsewhere: { ...TRUSTED, unseen },
  };
  expect(measure("unseenChain", "shard:base", { trust })).toBe(90_000);
  expect(measure("unseenChain", "shard:arbitrum", { trust })).toBe(0);
  expect(measure("unseenChain", "shard:optimism", { trust })).toBeUndefined();
  expect(measure("unseenChain", "shard:elsewhere", { trust })).toBeUndefined();
});

describe("ages of reports", () => {
  test("are multiples of what is allowed, and the share of stale shards follows", () => {
    const entries = [
      anEntry({ shard: "arbitrum", ageMs: 10_000 }),
      anEntry({ shard: "base" }),
      anEntry({ shard: "optimism" }),
    ];
    expect(measure("reportAge", "shard:arbitrum", { entries })).toBe(2);
    expect(measure("reportAge", "shard:base", { entries })).toBe(0.1);
    expect(measure("staleShare", "global", { entries })).toBeCloseTo(1 / 3, 12);
  });
});

describe("disagreement of feeds", () => {
  const off = [
    anEntry({ shard: "arbitrum", spotUsd: 2100 }),
    anEntry({ shard: "base" }),
    anEntry({ shard: "optimism" }),
  ];
  test("is the distance from the median of all", () => {
    expect(measure("oracleDisagreement", "shard:arbitrum", { entries: off })).toBeCloseTo(0.05, 12);
    expect(measure("oracleDisagreement", "shard:base", { entries: off })).toBe(0);
  });

  test("is unknown for a shard whose book is only carried", () => {
    const carried = new Set(["arbitrum"]);
    expect(measure("oracleDisagreement", "shard:arbitrum", { entries: off, carried })).toBeNull();
    expect(measure("oracleDisagreement", "shard:base", { entries: off, carried })).toBe(0);
  });
});

describe("the settlement asset's peg", () => {
  const priced = (shard: "arbitrum" | "base" | "optimism", priceUsd: number) => {
    const entry = anEntry({ shard });
    const collateral = entry.report.collateral.map((line) =>
      line.underlying === null ? { ...line, priceUsd } : line,
    );
    return { ...entry, report: { ...entry.report, collateral } };
  };
  const entries = [priced("arbitrum", 0.9), priced("base", 0.97), priced("optimism", 1.01)];

  test("is measured by each shard's feed, and by their median over all", () => {
    expect(measure("settlementPeg", "shard:arbitrum", { entries })).toBeCloseTo(0.1, 12);
    expect(measure("settlementPeg", "shard:optimism", { entries })).toBeCloseTo(0.01, 12);
    expect(measure("settlementPeg", "global", { entries })).toBeCloseTo(0.03, 12);
  });

  test("is unknown without a fresh feed, and a carried shard's feed says nothing", () => {
    const carried = new Set(["base"]);
    expect(measure("settlementPeg", "shard:base", { entries, carried })).toBeNull();
    expect(measure("settlementPeg", "global", { entries, carried })).toBeCloseTo(0.045, 12);
    const later = { entries, nowMs: NOW_MS + 61_000 };
    expect(measure("settlementPeg", "global", later)).toBeNull();
  });
});

describe("slippage", () => {
  test("is what hedges cost of what they were allowed to, once there are enough", () => {
    const { jobsMin } = DEFAULT_POLICY.breakers.hedgeSlippage;
    const few = several(jobsMin - 1);
    expect(measure("hedgeSlippage", "shard:base", { outcomes: few })).toBe(0);
    const enough = several(jobsMin);
    expect(measure("hedgeSlippage", "shard:base", { outcomes: enough })).toBeCloseTo(0.5, 12);
    expect(measure("hedgeSlippage", "global", { outcomes: enough })).toBeCloseTo(0.5, 12);
    expect(measure("hedgeSlippage", "shard:arbitrum", { outcomes: enough })).toBe(0);
  });

  test.each([
    {
      name: "a buy that paid more",
      deltaUnits: 5,
      inRaw: "10100000000",
      outRaw: `5${"0".repeat(18)}`,
      costUsd: 100,
    },
    {
      name: "a sale that got less",
      deltaUnits: -5,
      inRaw: `5${"0".repeat(18)}`,
      outRaw: "9900000000",
      costUsd: 100,
    },
    {
      name: "a buy at a better price",
      deltaUnits: 5,
      inRaw: "9900000000",
      outRaw: `5${"0".repeat(18)}`,
      costUsd: -100,
    },
    {
      name: "a buy with an asset that has lost its peg",
      deltaUnits: 5,
      inRaw: "10526315789",
      outRaw: `5${"0".repeat(18)}`,
      settlementUsd: 0.95,
      costUsd: 0,
    },
    {
      name: "a sale for one",
      deltaUnits: -5,
      inRaw: `5${"0".repeat(18)}`,
      outRaw: "10000000000",
      settlementUsd: 0.95,
      costUsd: 500,
    },
  ])("of $name is $costUsd USD", ({ deltaUnits, inRaw, outRaw, costUsd, settlementUsd = 1 }) => {
    const job = aJobRecord({
      state: "settled",
      expectedDeltaUnits: deltaUnits,
      amountUsd: 10_000,
      consumption: {
        blockNumber: 1,
        blockTimestampMs: null,
        amountInRaw: inRaw,
        amountOutRaw: outRaw,
        isFinal: true,
      },
    });
    const done = { setup: aShardSetup("base"), settlementUsd };
    const fill = jobOutcomeOf(job, done, NOW_MS)?.fill;
    expect(fill?.costUsd).toBeCloseTo(costUsd, 5);
    expect(fill?.notionalUsd).toBeCloseTo(10_000, 9);
  });
});

describe("failures at a venue", () => {
  const failed = { isDone: false, isVenueFailure: true, fill: null };
  test("are a share of the jobs that reached it; others do not count", () => {
    const outcomes = [
      ...several(6, failed),
      ...several(2),
      ...several(9, { isDone: false, isVenueFailure: false }),
    ];
    expect(measure("venueFailures", "venue:base/0xad", { outcomes })).toBe(0.75);
  });

  test("of long ago are over, so that the venue is tried again", () => {
    const outcomes = several(20, { ...failed, atMs: NOW_MS - 1_000_000 });
    const before = [newBreaker("venueFailures", "venue:base/0xad")];
    expect(measure("venueFailures", "venue:base/0xad", { outcomes, before })).toBe(0);
  });
});

describe("a route", () => {
  const ROUTE = "route:base>arbitrum";
  const leaving = (ageMs: number, change: Partial<JobRecord> = {}): JobRecord => {
    const kind = { kind: "transfer", shard: "base", target: "arbitrum" } as const;
    const job = aJobRecord({ ...kind, state: "in-transit", ...change });
    const recordedAtMs = NOW_MS - ageMs - 1_000;
    const includedBlockTimestampMs = NOW_MS - ageMs;
    return { ...job, times: { ...job.times, recordedAtMs, includedBlockTimestampMs } };
  };
  const message = (change: Partial<TransferRecord> = {}): TransferRecord => {
    const { jobId } = aJobRecord({});
    return aTransferRecord({ jobId, shard: "base", target: "arbitrum", ...change });
  };

  test("is as late as its oldest transfer", () => {
    const jobs = [leaving(9_000), leaving(90_000)];
    expect(measure("bridgeDelay", ROUTE, { jobs })).toBe(90_000);
  });

  test.each([
    ["sent", 90_000],
    ["verified-executable", 90_000],
    ["failed-retryable", 90_000],
    ["blocked-by-prior-nonce", 90_000],
    ["burnt", 90_000],
    ["delivered", undefined],
  ] as const)("counts a message that tracking has in state %s as %s ms late", (state, lateMs) => {
    const jobs = [leaving(90_000)];
    expect(measure("bridgeDelay", ROUTE, { jobs, messages: [message({ state })] })).toBe(lateMs);
  });

  test("counts what tracking saw leave before any book shows the job", () => {
    const jobs = [leaving(90_000, { state: "included" })];
    expect(measure("bridgeDelay", ROUTE, { jobs })).toBeUndefined();
    expect(measure("bridgeDelay", ROUTE, { jobs, messages: [message()] })).toBe(90_000);
    const gone = [message({ state: "unknown" })];
    expect(measure("bridgeDelay", ROUTE, { jobs, messages: gone })).toBeUndefined();
  });

  test("that is shut, as both chains prove, is later than every threshold, until a person has seen it", () => {
    const jobs = [leaving(9_000)];
    const burnt = { state: "burnt", heldProof: { state: "burnt", atMs: NOW_MS } } as const;
    const proved = [message(burnt)];
    expect(measure("bridgeDelay", ROUTE, { jobs, messages: proved })).toBe(Infinity);
    const seen = [message({ ...burnt, acknowledged: { reason: "known", atMs: NOW_MS } })];
    expect(measure("bridgeDelay", ROUTE, { jobs, messages: seen })).toBeUndefined();
  });

  test("is made no later by a source that dates its message before the order to send it", () => {
    const job = leaving(9_000);
    const times = { ...job.times, includedBlockTimestampMs: NOW_MS - 9e8 };
    expect(measure("bridgeDelay", ROUTE, { jobs: [{ ...job, times }] })).toBe(10_000);
  });
});

test.each([
  ["UniswapV3Adapter_PriceOffMean(0x1)", true],
  ["VenueDesk_OnlyReduces(0xad)", false],
  ["ShardVault_Paused()", false],
  ["VenueDesk_CapExceeded(0xad, 2, 1)", false],
])("a job refused with %s is a failure of the venue: %s", (detail, isVenueFailure) => {
  const refusal = { reason: "simulation-reverted", detail };
  const job = aJobRecord({ state: "refused-expired", refusal });
  const done = { setup: aShardSetup("base"), settlementUsd: 1 };
  expect(jobOutcomeOf(job, done, NOW_MS)?.isVenueFailure).toBe(isVenueFailure);
});

test.each([
  ["margin-move", "fee-too-high", true],
  ["lend-move", "fee-too-high", true],
  ["swap", "fee-too-high", false],
  ["transfer", "fee-too-high", false],
  ["margin-move", "gas-below-floor", false],
] as const)("a %s refused as %s is idle cash left alone: %s", (kind, reason, isIdleCash) => {
  const refusal = { reason, detail: "" };
  const job = aJobRecord({ kind, state: "refused-expired", refusal });
  const done = { setup: aShardSetup("base"), settlementUsd: 1 };
  expect(jobOutcomeOf(job, done, NOW_MS)?.isIdleCash).toBe(isIdleCash);
});

test("breakers do not depend on the order of their measures, and each only on its own", () => {
  const anyMeasure = fc.record({
    kind: fc.constantFrom("drawdown" as const, "lossVelocity" as const, "hedgeSlippage" as const),
    scope: fc.constantFrom("global", "shard:base", "shard:arbitrum"),
    value: fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constant(null)),
    detail: fc.constant(""),
  });
  const unique = fc.uniqueArray(anyMeasure, { selector: (one) => `${one.kind} ${one.scope}` });
  fc.assert(
    fc.property(fc.array(unique, { maxLength: 12 }), (rounds) => {
      const play = (order: (some: BreakerMeasure[]) => BreakerMeasure[]) => {
        let breakers = {};
        for (const [index, measures] of rounds.entries()) {
          const o = { policy: DEFAULT_POLICY.breakers, nowMs: 1_000_000 + index * 6_000 };
          ({ breakers } = judgeBreakers(breakers, order([...measures]), o));
        }
        return breakers;
      };
      expect(play((some) => some.reverse())).toEqual(play((some) => some));
    }),
  );
});

test("a measure beyond all numbers trips, and one that is no number is not known", () => {
  const rule = {
    ...DEFAULT_POLICY.breakers,
    drawdown: { ...DEFAULT_POLICY.breakers.drawdown, tripAfterMs: 0 },
  };
  const judge = (value: number) =>
    judgeBreakers({}, [{ kind: "drawdown", scope: "global", value, detail: "" }], {
      policy: rule,
      nowMs: 1,
    });
  expect(judge(Number.POSITIVE_INFINITY).events).toMatchObject([
    { to: "halt", value: Number.MAX_VALUE },
  ]);
  expect(judge(Number.NaN).events).toEqual([]);
});
