import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { type CapitalLedger, NEW_LEDGER } from "#coordinator/records/safety/capital-ledger.ts";
import {
  forgiveLosses,
  measureLosses,
  trackCapital,
} from "#coordinator/stages/safety/track-capital.ts";
import { aJobRecord } from "#test/support/coordinator/coordinator-pass.ts";

const WINDOW_MS = 60_000;
const PROOF_MAX_MS = 20_000;
const CONSUMPTION = {
  blockNumber: 5,
  blockTimestampMs: null,
  amountInRaw: "1",
  amountOutRaw: "1",
  isFinal: true,
};

type Step = {
  readonly base?: number | null;
  /** Block of the books; far beyond all that happened when left out. */
  readonly block?: number;
  readonly optimism?: number | null;
  /** Whether optimism's proof is too old. */
  readonly isAged?: boolean;
  readonly shares?: string;
  readonly transfers?: readonly JobRecord[];
};

/** One step a second. */
function play(steps: readonly Step[], start: CapitalLedger = NEW_LEDGER, fromMs = 1_000_000) {
  let ledger = start;
  let measures: ReturnType<typeof measureLosses> = [];
  for (const [index, step] of steps.entries()) {
    const news = {
      shards: ["base", "optimism"],
      books: new Map([
        ...(step.base === null ? [] : [["base", aBook(step.base, step.block)] as const]),
        ...(step.optimism === null
          ? []
          : [
              [
                "optimism",
                { ...aBook(step.optimism, step.block), isAged: step.isAged === true },
              ] as const,
            ]),
      ]),
      sharesRaw: new Map(step.shares === undefined ? [] : [["base", step.shares]]),
      transfers: step.transfers ?? [],
      nowMs: fromMs + index * 1000,
      proofMaxMs: PROOF_MAX_MS,
      windowMs: WINDOW_MS,
      shardWindowMs: WINDOW_MS,
    };
    ledger = trackCapital(ledger, news);
    measures = measureLosses(ledger, news);
  }
  const of = (kind: string, scope: string) =>
    measures.find((one) => one.kind === kind && one.scope === scope)?.value;
  const detail = (kind: string, scope: string) =>
    measures.find((one) => one.kind === kind && one.scope === scope)?.detail;
  return { ledger, of, detail };
}

function aBook(equityUsd = 1000, blockNumber = 100) {
  return { equityUsd, blockNumber, isAged: false };
}

const still = (count: number, step: Step = {}): Step[] => Array.from({ length: count }, () => step);

function aTransfer(changes: Partial<JobRecord> = {}): JobRecord {
  const both = { kind: "transfer", shard: "base", target: "optimism", amountUsd: 400 } as const;
  return aJobRecord({ ...both, underlying: null, expectedDeltaUnits: 0, ...changes });
}
const LEFT = aTransfer({ state: "in-transit", consumption: CONSUMPTION });
/** Proved at both ends, and not yet moved on by a report. */
const SEEN = aTransfer({
  state: "in-transit",
  consumption: CONSUMPTION,
  delivery: { blockNumber: 9, isFinal: true },
});
const ARRIVED = aTransfer({
  state: "settled",
  consumption: CONSUMPTION,
  delivery: { blockNumber: 9, isFinal: true },
});

describe("losses", () => {
  test("that stand count against the capital before them, for the shard and for all", () => {
    const { of } = play([...still(10), ...still(10, { base: 900 })]);
    expect(of("shardDrawdown", "shard:base")).toBeCloseTo(0.1, 12);
    expect(of("shardLossVelocity", "shard:base")).toBeCloseTo(0.1, 12);
    expect(of("shardDrawdown", "shard:optimism")).toBe(0);
    expect(of("drawdown", "global")).toBeCloseTo(0.05, 12);
  });

  test("count from the peak, not from the beginning; the window forgets and the peak does not", () => {
    const rise = [...still(10), ...still(10, { base: 2000 }), ...still(10, { base: 1500 })];
    expect(play(rise).of("shardDrawdown", "shard:base")).toBeCloseTo(0.25, 12);
    const later = play([...rise, ...still(80, { base: 1500 })]);
    expect(later.of("shardDrawdown", "shard:base")).toBeCloseTo(0.25, 12);
    expect(later.of("shardLossVelocity", "shard:base")).toBe(0);
  });

  test("of one glitch are none: neither its peak nor its dip", () => {
    const { of } = play([
      ...still(10),
      ...still(2, { base: 5000 }),
      ...still(10),
      ...still(3, { base: 1 }),
    ]);
    expect(of("shardDrawdown", "shard:base")).toBe(0);
    expect(of("shardLossVelocity", "shard:base")).toBe(0);
  });

  test("of all keep their last figure while a book is not proved or cannot be valued; its own are not known", () => {
    const lost = [...still(10), ...still(10, { base: 900 })];
    const { of } = play([...lost, ...still(10, { base: null })]);
    expect(of("shardDrawdown", "shard:base")).toBeNull();
    expect(of("drawdown", "global")).toBeCloseTo(0.05, 12);
  });

  test("of all wait for no shard longer than the policy says, whether or not it ever had a proved book", () => {
    for (const start of [still(10), []]) {
      const fallen = { base: null, optimism: 500 };
      const waited = [...start, ...still(PROOF_MAX_MS / 1000 + 10, { base: null })];
      const { of, detail } = play([...waited, ...still(10, fallen)]);
      expect(of("drawdown", "global")).toBeCloseTo(start.length > 0 ? 0.25 : 0.5, 12);
      expect(detail("drawdown", "global")).toBe("500 USD lost; not proved: base");
      const { of: after } = play([
        ...waited,
        ...still(10, fallen),
        ...still(10, { optimism: 500 }),
      ]);
      expect(after("drawdown", "global")).toBeCloseTo(0.25, 12);
    }
  });

  test("of all count where a shard has only an aged proof; its own are not known", () => {
    const aged = { isAged: true };
    const { of } = play([...still(10), ...still(10, aged), ...still(10, { ...aged, base: 600 })]);
    expect(of("drawdown", "global")).toBeCloseTo(0.2, 12);
    expect(of("shardDrawdown", "shard:optimism")).toBeNull();
  });

  test("of hedged books are none, however long the proof of one of them ages, and however often", () => {
    const move = fc.integer({ min: -800, max: 800 });
    const part = fc.record({
      move,
      seconds: fc.integer({ min: 1, max: 30 }),
      isAged: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const steps = parts.flatMap(({ move: usd, seconds, isAged }) =>
          still(seconds, { base: 1000 + usd, optimism: 1000 - usd, isAged }),
        );
        for (const count of [
          steps.length,
          Math.floor(steps.length / 2),
          Math.floor(steps.length / 3),
        ]) {
          const { of } = play([...still(10), ...steps.slice(0, count)]);
          expect(of("drawdown", "global")).toBeLessThan(1e-12);
          expect(of("lossVelocity", "global")).toBeLessThan(1e-12);
        }
      }),
    );
  });

  test("of all are unknown until every shard was proved once", () => {
    const { of } = play(still(10, { base: null }));
    expect(of("drawdown", "global")).toBeNull();
    expect(of("shardDrawdown", "shard:base")).toBeUndefined();
  });

  test("of all begin where every shard is known: what one had lost or won before is none of all", () => {
    for (const before of [400, 3000]) {
      const early = [...still(10, { base: null }), ...still(10, { base: null, optimism: before })];
      const { of } = play([...early, ...still(10, { optimism: before })]);
      expect(of("drawdown", "global"), `from ${before}`).toBe(0);
      expect(of("lossVelocity", "global"), `from ${before}`).toBe(0);
      const lost = play([
        ...early,
        ...still(10, { optimism: before }),
        ...still(10, { optimism: before, base: 900 }),
      ]);
      expect(lost.of("drawdown", "global"), `from ${before}`).toBeCloseTo(
        100 / (1000 + before),
        12,
      );
    }
  });

  test("of all wait for the book of every shard: after a start one moves long before another's is proved", () => {
    const before = play(still(5)).ledger;
    const hedge = { optimism: 700 };
    const waiting = play(still(10, { ...hedge, base: null }), before, 5_000_000);
    expect(waiting.of("shardDrawdown", "shard:optimism")).toBeCloseTo(0.3);
    expect(waiting.of("drawdown", "global")).toBe(0);
    const whole = play(still(10, { ...hedge, base: 1300 }), waiting.ledger, 5_010_000);
    expect(whole.of("drawdown", "global")).toBe(0);
  });

  test("beyond all capital are the whole", () => {
    const { of } = play([...still(10), ...still(10, { base: -500 })]);
    expect(of("shardDrawdown", "shard:base")).toBe(1);
  });

  test("a person forgave start anew, and only where they were forgiven", () => {
    const { ledger } = play([...still(10), ...still(10, { base: 500, optimism: 500 })]);
    const forgiven = forgiveLosses(ledger, ["shard:base", "global"]);
    const { of } = play(still(5, { base: 500, optimism: 500 }), forgiven, 1_020_000);
    expect(of("shardDrawdown", "shard:base")).toBe(0);
    expect(of("drawdown", "global")).toBe(0);
    expect(of("shardDrawdown", "shard:optimism")).toBeCloseTo(0.5, 12);
  });
});

describe("money that comes and goes", () => {
  test("by transfer is no profit and no loss, at any moment of the way", () => {
    const steps = [
      ...still(10),
      ...still(10, { base: 600, transfers: [LEFT] }),
      ...still(10, { base: 600, optimism: 1400, transfers: [SEEN] }),
      ...still(1, { base: 600, optimism: 1400, transfers: [ARRIVED] }),
      ...still(20, { base: 600, optimism: 1400 }),
    ];
    for (let count = 1; count <= steps.length; count += 1) {
      const { of } = play(steps.slice(0, count));
      for (const scope of ["shard:base", "shard:optimism", "global"])
        expect(
          of(scope === "global" ? "drawdown" : "shardDrawdown", scope),
          `${scope} after ${count}`,
        ).toBe(0);
    }
    expect(play(steps).ledger.transfers).toEqual({});
    expect(play(steps).ledger.shards["base"]?.flowsUsd).toBe(600);
  });

  test("is counted where the proved book shows it, however late proofs come", () => {
    const steps = [
      ...still(10, { block: 3 }),
      ...still(20, { block: 4, transfers: [SEEN] }),
      ...still(20, { base: 600, block: 6, transfers: [SEEN] }),
      ...still(5, { base: null, block: 6, transfers: [SEEN] }),
      ...still(20, { base: 600, block: 8, transfers: [ARRIVED] }),
      ...still(20, { base: 600, optimism: 1400, block: 9, transfers: [ARRIVED] }),
    ];
    for (let count = 1; count <= steps.length; count += 1) {
      const { ledger, of } = play(steps.slice(0, count));
      const pnl = Object.values(ledger.shards).map((one) => one.equityUsd - one.flowsUsd);
      expect(pnl, `after ${count}`).toEqual([0, 0]);
      expect(of("drawdown", "global"), `after ${count}`).toBe(0);
    }
    expect(play(steps).ledger.transfers).toEqual({});
  });

  test("before the first book of a shard is in that book", () => {
    const { ledger, of } = play(still(10, { base: 600, transfers: [LEFT] }));
    expect(ledger.shards["base"]?.flowsUsd).toBe(600);
    expect(of("shardDrawdown", "shard:base")).toBe(0);
  });

  test("by a transfer that a reorganisation took back, too", () => {
    const back = aTransfer({ state: "sent" });
    const { of } = play([
      ...still(10),
      ...still(5, { base: 600, transfers: [LEFT] }),
      ...still(10, { transfers: [back] }),
      ...still(10, { base: 600, transfers: [LEFT] }),
    ]);
    expect(of("shardDrawdown", "shard:base")).toBe(0);
  });

  test("by deposits and redemptions is none either, although shares are read late", () => {
    const { of } = play([
      ...still(10, { shares: "1000" }),
      ...still(3, { base: 2000, shares: "1000" }),
      ...still(10, { base: 2000, shares: "2000" }),
      ...still(3, { base: 500, shares: "2000" }),
      ...still(10, { base: 500, shares: "500" }),
    ]);
    expect(of("shardDrawdown", "shard:base")).toBe(0);
    expect(of("drawdown", "global")).toBe(0);
  });

  test("never changes what a loss is: the law holds for any flows", () => {
    const flow = fc.integer({ min: -400, max: 400 });
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 6 }), (flows) => {
        let equity = 10_000;
        let shares = 10_000;
        const steps: Step[] = still(8, { base: equity, shares: String(shares) });
        for (const one of flows) {
          equity += one;
          shares += one;
          steps.push(...still(8, { base: equity, shares: String(shares) }));
        }
        steps.push(...still(8, { base: equity * 0.8, shares: String(shares) }));
        expect(play(steps).of("shardDrawdown", "shard:base")).toBeCloseTo(0.2, 6);
      }),
      { numRuns: 40 },
    );
  });
});
