import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { LendingLine } from "#shared/wire/shard-report.ts";
import { aLoan } from "#test/support/coordinator/a-loan.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket, type PerpOptions } from "#test/support/coordinator/perp-market.ts";

type Case = {
  readonly cashUsd: number;
  readonly suppliedUsd?: number;
  readonly loan?: Partial<LendingLine>;
  readonly lending?: Partial<Policy["lending"]>;
  readonly perps?: Partial<Policy["perps"]>;
  readonly perp?: PerpOptions;
  readonly calls?: number;
  /** What the desk still lets into the account, USD. */
  readonly putUsd?: number;
  readonly jobs?: readonly JobRecord[];
};

function run(o: Case) {
  const lending = { ...DEFAULT_POLICY.lending, supplyMaxFraction: 0.6, ...o.lending };
  const policy = aPolicy({}, { lending, perps: { ...DEFAULT_POLICY.perps, ...o.perps } });
  const soon = anOption({ quantity: o.calls ?? 0, expiryMs: NOW_MS + 3_600_000, strikeUsd: 2100 });
  const leftRaw = String((o.putUsd ?? 0) * 1e6);
  const caps = {
    tradesLeftRaw: "0",
    transfersLeftRaw: "0",
    venues: [{ adapter: aLoan(0).adapter, leftRaw, mayGrow: true }],
  };
  const entry = anEntry({
    shard: "base",
    cashUsd: o.cashUsd,
    change: {
      lending: [aLoan(o.suppliedUsd ?? 0, o.loan)],
      book: o.calls === undefined ? [] : [soon],
      perps: o.perp === undefined ? [] : [aPerpMarket(o.perp)],
      ...(o.putUsd !== undefined && { caps }),
    },
  });
  return planPass(aPassInput([entry], { policy, jobs: [...(o.jobs ?? [])] }));
}

describe("a loan", () => {
  test("is given of what is above the policy's share, and not again while it is on its way", () => {
    const { decision, jobs } = run({ cashUsd: 100_000 });
    expect(decision.treasury).toEqual([
      { shard: "base", venue: "aave-v3", amountUsd: 60_000, reason: "idle cash" },
    ]);
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatchObject({
      kind: "lend-move",
      expectedDeltaUnits: 0,
      amountOutOfShardRaw: "60000000000",
      params: { amountRaw: "60000000000", minHealthFactorE18: "1500000000000000000" },
    });
    expect(run({ cashUsd: 100_000, jobs }).jobs).toEqual([]);
  });

  test("once it is there nothing moves between the policy's share and half of it", () => {
    for (const cashUsd of [40_000, 30_000, 21_000])
      expect(run({ cashUsd, suppliedUsd: 60_000 }).jobs, `${cashUsd}`).toEqual([]);
  });

  test("is called back when the vault runs short of cash", () => {
    const [job] = run({ cashUsd: 10_000, suppliedUsd: 90_000 }).jobs;
    expect(job).toMatchObject({ kind: "lend-move", amountOutOfShardRaw: "0" });
    expect(job?.params).toMatchObject({ amountRaw: "-30000000000" });
  });

  test("is called back for series soon to settle, and a little more", () => {
    const { decision } = run({ cashUsd: 50_000, suppliedUsd: 60_000, calls: -300 });
    const [move] = decision.treasury;
    // 300 calls struck at 2100 after a rise of 18 %: 260 each, and a quarter to spare.
    expect(move?.amountUsd).toBeCloseTo(-(1.25 * 300 * 260 - 50_000), 4);
  });

  test.each([
    { name: "the interest is less than the gas and haircut", loan: { supplyRatePerYear: 0.001 } },
    { name: "the venue takes none", loan: { acceptsSupply: false } },
    { name: "the policy leaves loans alone", lending: { supplyMaxFraction: null } },
    { name: "it is less than the smallest", lending: { minimumUsd: 61_000 } },
    { name: "the venue has no room", loan: { supplyRoomRaw: "999000000" } },
  ])("is not given where $name", ({ loan, lending }) => {
    expect(
      run({ cashUsd: 100_000, ...(loan && { loan }), ...(lending && { lending }) }).jobs,
    ).toEqual([]);
  });

  test("leaves room under the desk's cap for a day's interest, and does not follow it", () => {
    const interestUsd = (73_000 * 0.05) / 365;
    const { decision } = run({ cashUsd: 200_000, suppliedUsd: 73_000, putUsd: 20_000 });
    expect(decision.treasury[0]?.amountUsd).toBeCloseTo(20_000 - interestUsd, 5);
    const filled = { cashUsd: 180_000, suppliedUsd: 93_000, putUsd: interestUsd };
    expect(run({ ...filled, lending: { minimumUsd: 1 } }).jobs).toEqual([]);
  });

  test("leaves room under the venue's own limit for what others' deposits earn", () => {
    const { decision } = run({ cashUsd: 100_000, loan: { supplyRoomRaw: "50000000000" } });
    expect(decision.treasury[0]?.amountUsd).toBeCloseTo(49_500, 5);
  });

  test("takes nothing out of a venue that cannot pay", () => {
    const none = { availableRaw: "0" };
    expect(run({ cashUsd: 10_000, suppliedUsd: 90_000, loan: none }).jobs).toEqual([]);
  });
});

describe("margin", () => {
  const lending = { supplyMaxFraction: null };
  const perps = { withdrawsSurplus: true };

  test("that no position needs comes back where the policy says so", () => {
    const [job] = run({ cashUsd: 1000, lending, perps, perp: { marginUsd: 5_000 } }).jobs;
    expect(job).toMatchObject({ kind: "margin-move", amountOutOfShardRaw: "0" });
    expect(job?.params).toMatchObject({ amountRaw: "-5000000000", minReceiptRaw: "5000000000" });
    expect(run({ cashUsd: 1000, lending, perp: { marginUsd: 5_000 } }).jobs).toEqual([]);
  });

  test("stays as long as it is less than twice what the position needs", () => {
    const perp = { sizeUnits: 0.5, marginUsd: 500 };
    expect(run({ cashUsd: 1000, lending, perps, perp }).jobs).toEqual([]);
  });
});

test("a hedge that is not worth its gas says from which size on it would be, and where", () => {
  const entry = anEntry({ shard: "base", hedgeUnits: 40 });
  const dear = { ...entry.report.chain, baseFeeWei: "1000000000000" };
  const policy = aPolicy({
    hedgeNotionalMaxUsd: 10_000,
    bandCapNavFraction: 0.001,
    bandFloorUsd: 100,
  });
  const other = anEntry({ shard: "ethereum" });
  const input = aPassInput([{ ...entry, report: { ...entry.report, chain: dear } }, other], {
    policy,
  });
  expect(planPass(input).decision.blocked).toContainEqual(
    expect.stringMatching(
      /^ETH: base: 5.000 there is less than the \d+\.?\d* worth its gas of \d+\.\d\d USD$/,
    ),
  );
});
