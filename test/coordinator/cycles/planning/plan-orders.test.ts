import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { breakerKey, newBreaker } from "#coordinator/records/safety/breaker-state.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import { NEW_SAFETY } from "#coordinator/records/safety/safety-memory.ts";
import type { ShardOrder } from "#coordinator/records/safety/shard-order.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  type EntryOptions,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";

const FLATTEN: ShardOrder = { kind: "flatten", target: null, reason: "drill", sinceMs: NOW_MS };
const DRAIN: ShardOrder = { kind: "drain", target: null, reason: "leaving", sinceMs: NOW_MS };
const POLICY = aPolicy({ hedgeNotionalMaxUsd: 40_000, bandCapNavFraction: 0.004 });

type Book = Omit<EntryOptions, "shard">;
type Books = Partial<Record<TestShard, Book>>;

function entriesOf(books: Books): BookEntry[] {
  return Object.entries(books).map(([shard, book]) =>
    anEntry({ shard: shard as TestShard, ...book }),
  );
}

function pass(books: Books, orders: Record<string, ShardOrder>, changes: Partial<PassInput> = {}) {
  const memory = { ...NEW_SAFETY, orders };
  const safety = { ...NO_SAFETY, memory };
  return planPass(aPassInput(entriesOf(books), { policy: POLICY, safety, ...changes }));
}

/** The books after every job was done at the expected figures. */
function done(books: Books, jobs: readonly JobRecord[]): Books {
  const after = structuredClone(books);
  const add = (shard: string, cashUsd: number, hedgeUnits: number): void => {
    const book = after[shard as TestShard];
    if (book === undefined) throw new Error(`no shard ${shard}`);
    after[shard as TestShard] = {
      ...book,
      cashUsd: (book.cashUsd ?? 1_000_000) + cashUsd,
      hedgeUnits: (book.hedgeUnits ?? 0) + hedgeUnits,
    };
  };
  for (const job of jobs) {
    if (job.kind === "transfer") {
      add(job.shard, -job.amountUsd, 0);
      add(job.target ?? "", job.amountUsd, 0);
    } else {
      add(job.shard, -Math.sign(job.expectedDeltaUnits) * job.amountUsd, job.expectedDeltaUnits);
    }
  }
  return after;
}

const deltaOf = (outcome: ReturnType<typeof pass>, shard: string): number =>
  outcome.view.valuations.get(shard)?.underlyings.get("ETH")?.greeks.deltaUnits ?? 0;
const progressOf = (outcome: ReturnType<typeof pass>) => outcome.decision.safety.orders[0];

/** Passes until nothing is done any more. */
function play(start: Books, orders: Record<string, ShardOrder>, shard: TestShard) {
  let books = start;
  const outcomes = [];
  for (let count = 0; count < 60; count += 1) {
    const outcome = pass(books, orders);
    outcomes.push(outcome);
    if (outcome.jobs.length === 0) break;
    books = done(books, outcome.jobs);
  }
  return { outcomes, books, last: outcomes.at(-1) as ReturnType<typeof pass>, shard };
}

describe("flattening a shard", () => {
  const books: Books = {
    base: { calls: -200 },
    arbitrum: { hedgeUnits: 100 },
    optimism: { hedgeUnits: 8 },
  };

  test("brings its own delta to zero, never beyond, and says when it is done", () => {
    const { outcomes, last } = play(books, { base: FLATTEN }, "base");
    const deltas = outcomes.map((outcome) => deltaOf(outcome, "base"));
    expect(deltas[0]).toBeLessThan(-90);
    for (const [index, delta] of deltas.entries()) {
      expect(delta).toBeLessThanOrEqual(1e-9);
      expect(delta).toBeGreaterThanOrEqual((deltas[index - 1] ?? delta) - 1e-9);
    }
    expect(Math.abs(deltas.at(-1) ?? 99) * 2000).toBeLessThan(2_100);
    expect(progressOf(last)).toMatchObject({ shard: "base", state: "done", waitingFor: [] });
    expect(progressOf(outcomes[0] as typeof last)).toMatchObject({ state: "working" });
  });

  test("leaves the net in its band at every step: the others take what leaves it", () => {
    const { outcomes } = play(books, { base: FLATTEN }, "base");
    expect(outcomes.length).toBeGreaterThan(3);
    for (const outcome of outcomes) {
      const net = outcome.view.nets.get("ETH");
      const half = outcome.view.halfWidthUnits.get("ETH") ?? 0;
      if (net?.netted !== true) throw new Error("not netted");
      const jobs = outcome.jobs.filter((job) => job.shard !== "base");
      const compensated = jobs.reduce((sum, job) => sum + job.expectedDeltaUnits, 0);
      expect(Math.abs(net.net.greeks.deltaUnits + compensated)).toBeLessThanOrEqual(half * 1.001);
    }
    const others = outcomes.flatMap(({ jobs }) => jobs.filter((job) => job.shard !== "base"));
    expect(others.length).toBeGreaterThan(0);
    expect(others.every((job) => job.expectedDeltaUnits < 0)).toBe(true);
  });

  test("goes in small steps, or waits, when nobody else can take its delta", () => {
    const alone: Books = {
      base: { calls: -200 },
      arbitrum: { hedgeUnits: 100, feeFraction: 0.05 },
    };
    const { outcomes, last } = play(alone, { base: FLATTEN }, "base");
    for (const { view } of outcomes) {
      const net = view.nets.get("ETH");
      const half = view.halfWidthUnits.get("ETH") ?? 0;
      expect(net?.netted === true && net.net.greeks.deltaUnits).toBeLessThanOrEqual(half * 1.001);
    }
    expect(progressOf(last)).toMatchObject({ state: "blocked" });
    expect(progressOf(last)?.waitingFor.join()).toMatch(/other shards cannot take/);
  });

  test("goes on only once the others have taken what left it, however often their trades fail", () => {
    let failing = books;
    let steps = 0;
    for (let count = 0; count < 12; count += 1) {
      const outcome = pass(failing, { base: FLATTEN });
      const net = outcome.view.nets.get("ETH");
      if (net?.netted !== true) throw new Error("not netted");
      const ofBase = outcome.jobs.filter(({ shard }) => shard === "base");
      const half = outcome.view.halfWidthUnits.get("ETH") ?? 0;
      // The view has the order's own trade in it.
      const step = ofBase.reduce((sum, job) => sum + job.expectedDeltaUnits, 0);
      const isOutside = net.net.greeks.deltaUnits - step > half;
      expect(isOutside && step !== 0).toBe(false);
      if (isOutside) expect(progressOf(outcome)).toMatchObject({ state: "blocked" });
      steps += ofBase.length;
      // Of all jobs only the flattened shard's own take effect.
      failing = done(failing, ofBase);
    }
    expect(steps).toBeGreaterThan(0);
    const { last } = play(failing, { base: FLATTEN }, "base");
    expect(progressOf(last)).toMatchObject({ state: "done" });
  });

  test("stays within the net delta limit also when the first of the others has no market in it", () => {
    const limited = aPolicy({ ...POLICY.underlyings["ETH"], netDeltaLimitUsd: 25_000 });
    const [base, optimism] = entriesOf({ base: { calls: -200 }, optimism: { hedgeUnits: 100 } });
    const cashOnly = anEntry({ shard: "arbitrum", change: { market: [], capacity: [] } });
    const report = { ...cashOnly.report, collateral: cashOnly.report.collateral.slice(0, 1) };
    const entries = [{ ...cashOnly, report }, base, optimism].flatMap((one) => one ?? []);
    const memory = { ...NEW_SAFETY, orders: { base: FLATTEN } };
    const safety = { ...NO_SAFETY, memory };
    const outcome = planPass(aPassInput(entries, { policy: limited, safety }));
    const net = outcome.view.nets.get("ETH");
    const [job] = outcome.jobs.filter(({ shard }) => shard === "base");
    if (net?.netted !== true || job === undefined) throw new Error("nothing is flattened");
    expect(job.expectedDeltaUnits).toBeGreaterThan(5);
    expect(net.net.limitIntervalUnits[1] * 2000).toBeLessThanOrEqual(25_000);
  });

  test("asks for nothing again while its job is in flight: the order is a state, not a message", () => {
    const first = pass(books, { base: FLATTEN });
    const again = pass(books, { base: FLATTEN }, { jobs: first.jobs });
    expect(first.jobs.some((job) => job.shard === "base")).toBe(true);
    expect(again.jobs.some((job) => job.shard === "base")).toBe(false);
    expect(progressOf(again)).toMatchObject({ state: "working" });
    expect(progressOf(again)?.waitingFor.join()).toMatch(/hedge in flight/);
  });

  test("does nothing in a halt or for a shard that takes no jobs, and says why", () => {
    const manualHalt = { reason: "maintenance", atMs: NOW_MS };
    const halted = pass(books, { base: FLATTEN }, { manualHalt });
    expect(halted.jobs).toEqual([]);
    expect(progressOf(halted)).toMatchObject({ state: "blocked", waitingFor: ["ETH: halted"] });
    const silent = pass({ ...books, base: { calls: -200, ageMs: 60_000 } }, { base: FLATTEN });
    expect(progressOf(silent)).toMatchObject({ state: "blocked" });
    expect(progressOf(silent)?.waitingFor[0]).toBe("stale");
  });

  test("is why shards trade against each other, and the decision says so", () => {
    const { decision } = pass(books, { base: FLATTEN });
    expect(decision.triggers).toContainEqual({
      kind: "operator",
      subject: "base",
      detail: "flatten: drill",
    });
    const statuses = pass(books, { base: FLATTEN }).view.statuses;
    expect(statuses.get("base")).toMatchObject({ mode: "flattening", reducesOnly: true });
  });
});

describe("draining a shard", () => {
  const books: Books = {
    base: { calls: -20, hedgeUnits: 30, cashUsd: 400_000 },
    arbitrum: {},
    optimism: { cashUsd: 100_000 },
  };

  test("flattens it and moves what it does not need to the shard with the least surplus", () => {
    const { outcomes, last, books: end } = play(books, { base: DRAIN }, "base");
    const [first] = outcomes;
    expect(first?.decision.transfers[0]).toMatchObject({
      source: "base",
      target: "optimism",
      reason: "drain: leaving",
    });
    expect(progressOf(last)).toMatchObject({ kind: "drain", state: "done" });
    const capital = last.view.capital.get("base");
    const kept = (capital?.requiredCapitalUsd ?? 0) * POLICY.capital.bufferMultiplier;
    expect(capital?.collateralUsdAfterHaircut).toBeGreaterThanOrEqual(kept - 1);
    expect(progressOf(last)?.leftUsd).toBeLessThan(POLICY.transfers.minimumUsd);
    const total = Object.values(end).reduce((sum, one) => sum + (one.cashUsd ?? 1_000_000), 0);
    expect(end.base?.cashUsd).toBeLessThan(200_000);
    expect(total).toBeGreaterThan(1_400_000);
  });

  test("goes where it was ordered to, one transfer at a time", () => {
    const order = { ...DRAIN, target: "arbitrum" };
    const first = pass(books, { base: order });
    expect(first.decision.transfers.map((one) => one.target)).toEqual(["arbitrum"]);
    const again = pass(books, { base: order }, { jobs: first.jobs });
    expect(again.decision.transfers).toEqual([]);
    expect(progressOf(again)?.waitingFor).toContain("a transfer is on its way");
    // Past its deadline it is not proved dead yet, and its cash is not there to be sent again.
    const jobs = first.jobs.map((job): JobRecord => {
      const { mandate } = job;
      return mandate === null ? job : { ...job, mandate: { ...mandate, deadlineSeconds: 1 } };
    });
    const lapsed = pass(books, { base: order }, { jobs });
    expect(lapsed.decision.transfers).toEqual([]);
    expect(progressOf(lapsed)).toMatchObject({ state: "working" });
    expect(progressOf(lapsed)?.waitingFor).toContain("a transfer is on its way");
  });

  test("never sends to a shard that is itself drained, or that is silent", () => {
    const silent = { ...books, optimism: { cashUsd: 100_000, ageMs: 60_000 } };
    const { decision } = pass(silent, { base: DRAIN, arbitrum: DRAIN });
    expect(decision.transfers).toEqual([]);
    const waiting = decision.safety.orders.find((one) => one.shard === "base")?.waitingFor;
    expect(waiting).toContain("no shard may take its collateral now");
  });

  test("goes round a route that costs too much, and waits where there is no other", () => {
    const optimism = aRouteLine({ dstEid: 30_010, feeNativeWei: "60000000000000000" });
    const dear = [optimism, { ...optimism, dstEid: 72_161 }];
    const through = (routes: typeof dear): Books => ({
      ...books,
      base: { ...books.base, hedgeUnits: 0, calls: 0, change: { routes } },
    });
    const { decision } = pass(through([optimism]), { base: DRAIN });
    expect(decision.transfers).toMatchObject([{ target: "arbitrum", fee: { basis: "policy" } }]);
    const waiting = pass(through(dear), { base: DRAIN });
    expect(waiting.decision.transfers).toEqual([]);
    const fee = "the LayerZero fee is 60000000000000000 wei, at most 50000000000000000 may be paid";
    expect(progressOf(waiting)?.waitingFor).toContain(`optimism: nothing from base; ${fee}`);
  });

  test("waits without news: ages, fees and amounts that move are no other outcome", () => {
    const silent: Books = { ...books, base: { ...books.base, ageMs: 60_000 } };
    const waits = (nowMs: number) => pass(silent, { base: DRAIN }, { nowMs }).outcome;
    expect(waits(NOW_MS + 700)).toBe(waits(NOW_MS));
    const dearAt = (feeNativeWei: string): Books => {
      const optimism = aRouteLine({ dstEid: 30_010, feeNativeWei });
      const routes = [optimism, { ...optimism, dstEid: 72_161 }];
      return { ...books, base: { hedgeUnits: 0, calls: 0, change: { routes } } };
    };
    const closed = (fee: string) => pass(dearAt(fee), { base: DRAIN }).outcome;
    expect(closed("60000000000000001")).toBe(closed("60000000000000000"));
    expect(closed("60000000000000000")).not.toBe(pass(books, { base: DRAIN }).outcome);
  });

  test("nothing comes to a shard that leaves when another is in need, and nothing leaves a reduce-only one", () => {
    const poor: Books = { base: { calls: -200, cashUsd: 5_000 }, arbitrum: { cashUsd: 900_000 } };
    const { decision } = pass(poor, {}, { policy: { ...POLICY, reduceOnlyShards: ["arbitrum"] } });
    expect(decision.transfers).toEqual([]);
  });
});

describe("a breaker that closed something", () => {
  const tripped = (kind: "bridgeDelay" | "venueFailures", scope: string) => {
    const one = newBreaker(kind, scope);
    const isOn = { ...one.reduceOnly, isOn: true, onSinceMs: NOW_MS, lastOverMs: NOW_MS };
    return { ...one, value: 1e9, reduceOnly: { ...isOn, lastUnquietMs: NOW_MS } };
  };
  const withBreaker = (books: Books, breaker: ReturnType<typeof tripped>) => {
    const memory = { ...NEW_SAFETY, breakers: { [breakerKey(breaker)]: breaker } };
    return pass(books, {}, { safety: { ...NO_SAFETY, memory } });
  };

  test("on a route sends nothing that way, and takes another way", () => {
    const books: Books = {
      base: { calls: -200, cashUsd: 5_000 },
      arbitrum: { cashUsd: 900_000 },
      optimism: { cashUsd: 500_000 },
    };
    expect(pass(books, {}).decision.transfers[0]?.source).toBe("arbitrum");
    const { decision } = withBreaker(books, tripped("bridgeDelay", "route:arbitrum>base"));
    expect(decision.transfers.length).toBeGreaterThan(0);
    expect(decision.transfers.every(({ source }) => source === "optimism")).toBe(true);
  });

  test("at a venue leaves the shard's other figures alone and trades elsewhere", () => {
    const books: Books = { base: { calls: -100 }, arbitrum: { feeFraction: 0.001 } };
    const venue = anEntry({ shard: "base" }).report.capacity[0]?.adapter.toLowerCase();
    expect(pass(books, {}).jobs.map((job) => job.shard)).toContain("base");
    const { jobs, decision } = withBreaker(books, tripped("venueFailures", `venue:base/${venue}`));
    expect(jobs.map((job) => job.shard)).toEqual(["arbitrum"]);
    expect(decision.blocked).toContain("ETH: base: its venue is closed by a breaker");
  });
});
