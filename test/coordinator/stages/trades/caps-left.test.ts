import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { type PassOutcome, planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import {
  putLeftUsd,
  tradesLeftUsd,
  transfersLeftUsd,
} from "#coordinator/stages/trades/caps-left.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { Caps } from "#shared/wire/report-caps.ts";
import {
  aJobRecord,
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
} from "#test/support/coordinator/coordinator-pass.ts";
import { anOptionMarket } from "#test/support/coordinator/option-market.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";
import { solvedPass } from "#test/support/coordinator/solve-pass.ts";

const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1);
const PERP_ACCOUNT = address20("c1");

/** A random world whose vaults' windows have something left, little, or nothing, by shard. */
function capped(seed: number, caps: (at: number) => Caps): PassInput {
  const options = {
    seed,
    shards: 2 + (seed % 4),
    underlyings: 1 + (seed % 2),
    venues: 2,
    perps: 1,
  };
  const input = aRandomPass({ ...options, planning: { method: "milp" } });
  const entries = input.entries.map((entry, at) => {
    return { ...entry, report: { ...entry.report, caps: caps(at) } };
  });
  return { ...input, entries };
}

function raw(usd: number): string {
  return String(Math.round(usd * 1e6));
}

const tight = (at: number): Caps => ({
  tradesLeftRaw: raw([0, 4_000, 30_000, 1e9][at % 4] ?? 0),
  transfersLeftRaw: raw([1e9, 0, 12_000, 40_000][at % 4] ?? 0),
  venues: [],
});

/** What the vault and its desk count for a job in their window of trades, in USD. */
function countedUsd(job: JobRecord, input: PassInput): number {
  const entry = input.entries.find(({ report }) => report.shard === job.shard);
  const spot = entry?.report.market.find((line) => line.underlying === job.underlying)?.spotUsd;
  const { params } = job;
  if (params === null || spot === undefined) return 0;
  switch (params.kind) {
    case "swap": {
      const isSale = job.expectedDeltaUnits < 0;
      return isSale
        ? unitsFromRaw(BigInt(params.amountInRaw), 18) * spot
        : unitsFromRaw(BigInt(params.amountInRaw), 6);
    }
    case "swap-exact-output":
      return unitsFromRaw(BigInt(params.maxAmountInRaw), 6);
    case "perp-change":
      return Math.abs(unitsFromRaw(BigInt(params.sizeE18), 18)) * spot;
    case "option-trade":
      return Math.abs(unitsFromRaw(BigInt(params.quantityE18), 18)) * spot;
    case "transfer":
    case "margin-move":
    case "lend-move":
      return 0;
  }
}

function expectWithin(pass: PassOutcome, input: PassInput, where: string): void {
  for (const { report } of input.entries) {
    const own = pass.jobs.filter(({ shard }) => shard === report.shard);
    const tradedUsd = own.reduce((sum, job) => sum + countedUsd(job, input), 0);
    expect(tradedUsd, where).toBeLessThanOrEqual(Number(report.caps?.tradesLeftRaw) / 1e6);
    const sent = own.filter(({ kind }) => kind === "transfer");
    const sentUsd = sent.reduce((sum, { amountUsd }) => sum + amountUsd, 0);
    expect(sentUsd, where).toBeLessThanOrEqual(Number(report.caps?.transfersLeftRaw) / 1e6 + 1e-6);
  }
}

describe("what is left of a vault's windows", () => {
  test("is never planned beyond, by either method, whatever the slippage may make of a trade", () => {
    let traded = 0;
    for (const seed of SEEDS) {
      const input = capped(seed, tight);
      for (const pass of [planPass(input), solvedPass(input, 2_000)]) {
        expectWithin(pass, input, `seed ${seed}`);
        traded += pass.jobs.length;
      }
    }
    expect(traded).toBeGreaterThan(20);
  });

  test("is not planned beyond by the most a purchase may spend, on a pool as dear as the slippage allows", () => {
    const policy = aPolicy({ slippageMaxFraction: 0.06, bandFloorUsd: 100 });
    for (const feeFraction of [0.02, 0.025, 0.028, 0.0302]) {
      const caps = { tradesLeftRaw: raw(50_000), transfersLeftRaw: raw(1e9), venues: [] };
      const entry = anEntry({ shard: "base", calls: -150, feeFraction, change: { caps } });
      const input = aPassInput([entry], { policy });
      const pass = planPass(input);
      expect(pass.jobs.map(({ kind }) => kind)).toEqual(["swap"]);
      expectWithin(pass, input, `a fee of ${feeFraction}`);
    }
  });

  test("counts what is in flight as done", () => {
    for (const seed of SEEDS.slice(0, 4)) {
      const free = capped(seed, () => ({ ...tight(3), transfersLeftRaw: raw(1e9) }));
      const first = planPass(free);
      const input = { ...capped(seed, tight), jobs: first.jobs, sequence: 2 };
      const second = planPass(input);
      const all = { ...second, jobs: [...first.jobs, ...second.jobs] };
      for (const { report } of input.entries) {
        const own = second.jobs.filter(({ shard }) => shard === report.shard);
        if (own.some((job) => countedUsd(job, input) > 0)) expectWithin(all, input, `${seed}`);
      }
    }
  });

  test("binds nothing where no caps are reported", () => {
    const input = aRandomPass({ seed: 3, shards: 3, underlyings: 1, venues: 2 });
    const entries = input.entries.map((entry) => {
      return {
        ...entry,
        report: { ...entry.report, caps: { ...tight(3), transfersLeftRaw: raw(1e9) } },
      };
    });
    const jobs = planPass({ ...input, entries }).jobs.map(({ params }) => params);
    expect(planPass(input).jobs.map(({ params }) => params)).toEqual(jobs);
  });
});

test("each of the caps has left what was reported less what jobs in flight there will take of it", () => {
  const account = address20("c1");
  const venues = [{ adapter: account, leftRaw: raw(30_000), mayGrow: true }];
  const caps = { tradesLeftRaw: raw(100_000), transfersLeftRaw: raw(80_000), venues };
  const entries = [anEntry({ shard: "base", change: { caps } }), anEntry({ shard: "ethereum" })];
  const cash = { underlying: null, expectedDeltaUnits: 0, amountUsd: 20_000 };
  const out = { kind: "transfer", target: "ethereum", ...cash } as const;
  const move = { ...aMarginMove(), ...cash };
  const left = (job: Partial<JobRecord>): readonly number[] => {
    const world = aWorld(entries, { jobs: [aJobRecord(job)] });
    const input = world.inputs.find(({ setup }) => setup.shard === "base");
    if (input === undefined) throw new Error("no shard");
    return [
      tradesLeftUsd(input, world),
      transfersLeftUsd(input, world),
      putLeftUsd(input, account, world),
    ];
  };
  const [fresh, ...others] = left({ ...out, state: "in-transit" });
  expect([fresh, ...others]).toEqual([100_000, 80_000, 30_000]);
  expect(left(out)).toEqual([100_000, 60_000, 30_000]);
  expect(left(move)).toEqual([100_000, 80_000, 10_000]);
  expect(left({ ...move, amountOutOfShardRaw: "0" })).toEqual([100_000, 80_000, 30_000]);
  const [afterSwap = Number.NaN, ...rest] = left({ expectedDeltaUnits: -5, amountUsd: 10_000 });
  expect(afterSwap).toBeLessThan(90_000);
  expect(afterSwap).toBeGreaterThan(89_000);
  expect(rest).toEqual([80_000, 30_000]);
});

/** Cash on its way into an account. */
function aMarginMove(): Partial<JobRecord> {
  const params = {
    kind: "margin-move",
    venue: address20("c1"),
    asset: address20("c0"),
    amountRaw: raw(20_000),
    minReceiptRaw: "0",
    minMarginRatioE18: "0",
    minCapitalAfterRaw: "0",
  } as const;
  return { kind: "margin-move", params, amountOutOfShardRaw: params.amountRaw };
}

describe("at a venue with a cap", () => {
  const market = anOptionMarket({ cashUsd: 50_000 });
  const run = (caps: Caps | null, cashUsd = 50_000) => {
    const policy = aPolicy({ vegaLimitUsdPerVolPoint: 20, bandFloorUsd: 20_000 });
    const optionMarkets = [{ ...market, cashRaw: raw(cashUsd) }];
    const book = [anOption({ quantity: -40 })];
    const change = { optionMarkets, book, caps };
    const entry = anEntry({ shard: "base", hedgeUnits: 20.4, cashUsd: 500_000, change });
    return planPass(aPassInput([entry], { policy })).jobs;
  };
  const caps = (o: { trades?: number; left?: number; mayGrow?: boolean }): Caps => ({
    tradesLeftRaw: raw(o.trades ?? 1e9),
    transfersLeftRaw: raw(1e9),
    venues: [
      { adapter: market.adapter, leftRaw: raw(o.left ?? 1e9), mayGrow: o.mayGrow ?? true },
      { adapter: PERP_ACCOUNT, leftRaw: "0", mayGrow: false },
    ],
  });

  test("options are bought within the window, and none where positions may only shrink", () => {
    expect(run(null).length).toBeGreaterThan(0);
    expect(run(caps({})).map(({ params }) => params)).toEqual(
      run(null).map(({ params }) => params),
    );
    const few = run(caps({ trades: 6_000 }));
    const units = few.map(({ params }) =>
      params?.kind === "option-trade" ? Number(params.quantityE18) / 1e18 : 0,
    );
    expect(few.length).toBeGreaterThan(0);
    expect(units.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(3);
    expect(run(caps({ mayGrow: false }))).toEqual([]);
    expect(run({ ...caps({}), venues: [] })).toEqual([]);
  });

  test("no more cash is brought than the cap still takes", () => {
    const [move] = run(caps({}), 0);
    expect(move?.kind).toBe("margin-move");
    const [less] = run(caps({ left: 300 }), 0);
    expect(less?.amountUsd).toBeLessThanOrEqual(300);
    expect(run(caps({ left: 0 }), 0)).toEqual([]);
  });
});
