import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PassOutcome, planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { OptionLine } from "#shared/wire/shard-report.ts";
import { aLoan } from "#test/support/coordinator/a-loan.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  BLOCK_MS,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";

type Book = {
  readonly cashUsd: number;
  readonly suppliedUsd?: number;
  readonly marginUsd?: number;
  readonly sizeUnits?: number;
  readonly options?: readonly OptionLine[];
};

const HOUR_MS = 3_600_000;

/** Calls sold at 2100 with spot at 2000, that expire in an hour: a rise of 18 % makes 260 USD each due. */
function soon(quantity: number): OptionLine {
  return anOption({ quantity, expiryMs: NOW_MS + HOUR_MS, strikeUsd: 2100 });
}

/** Calls sold at 1900 that have expired with spot at 2000: 100 USD each are due. */
function expired(quantity: number): OptionLine {
  return anOption({ quantity, expiryMs: NOW_MS - HOUR_MS, strikeUsd: 1900 });
}

function aPolicyWith(change: Partial<Pick<Policy, "lending" | "perps">> = {}): Policy {
  const lending = { ...DEFAULT_POLICY.lending, supplyMaxFraction: 0.6 };
  return aPolicy({ hedgeNotionalMaxUsd: 200_000 }, { lending, ...change });
}

function entryOf(shard: "base" | "ethereum", o: Book) {
  const cashHere = o.cashUsd;
  const marginUsd = o.marginUsd ?? 0;
  const perp = aPerpMarket({
    marginUsd,
    sizeUnits: o.sizeUnits ?? 0,
    change: { indexUpdatedAtMs: BLOCK_MS - 500 },
  });
  const entry = anEntry({
    shard,
    cashUsd: cashHere,
    change: {
      book: [...(o.options ?? [])],
      lending: o.suppliedUsd === undefined ? [] : [aLoan(o.suppliedUsd)],
      perps: o.marginUsd === undefined ? [] : [perp],
    },
  });
  const [vault] = entry.report.collateral;
  if (vault === undefined) throw new Error("cash expected");
  const atVenues = [
    { ...vault, location: "lending" as const, amountRaw: raw(o.suppliedUsd ?? 0) },
    { ...vault, location: "venue-margin" as const, amountRaw: perp.freeMarginRaw },
  ];
  const allUsd = cashHere + (o.suppliedUsd ?? 0) + marginUsd;
  const chain = { ...entry.report.chain, capitalRaw: raw(allUsd) };
  const collateral = [...entry.report.collateral, ...atVenues];
  return { ...entry, report: { ...entry.report, collateral, chain } };
}

function raw(usd: number): string {
  return String(Math.round(usd * 1e6));
}

function run(book: Book, o: { policy?: Policy; jobs?: readonly JobRecord[] } = {}): PassOutcome {
  const { policy = aPolicyWith(), jobs = [] } = o;
  return planPass(aPassInput([entryOf("base", book)], { policy, jobs: [...jobs] }));
}

function movesOf(pass: PassOutcome): readonly (readonly [string, number])[] {
  return pass.decision.treasury.map(({ venue, amountUsd }) => [venue, amountUsd] as const);
}

/** A book once all moves of a decision are done. */
function after(book: Book, pass: PassOutcome): Book {
  let next = book;
  for (const [venue, usd] of movesOf(pass)) {
    const cashUsd = next.cashUsd - usd;
    next =
      venue === "aave-v3"
        ? { ...next, cashUsd, suppliedUsd: (next.suppliedUsd ?? 0) + usd }
        : { ...next, cashUsd, marginUsd: (next.marginUsd ?? 0) + usd };
  }
  return next;
}

describe("cash that lacks for series due or soon to settle", () => {
  test("comes out of loans first, and out of free margin what they do not cover", () => {
    // 390 calls are 101,400 USD after the rise, and a quarter more is kept.
    const book = {
      cashUsd: 20_000,
      suppliedUsd: 30_000,
      marginUsd: 200_000,
      options: [soon(-390)],
    };
    const moves = movesOf(run(book)).filter(([, usd]) => usd < 0);
    expect(moves.map(([venue]) => venue)).toEqual(["aave-v3", "curie"]);
    expect(moves[0]?.[1]).toBeCloseTo(-30_000, 4);
    expect(moves[1]?.[1]).toBeCloseTo(-(1.25 * 101_400 - 50_000), 3);
  });

  test("is not asked of another shard while it is on its way home, and is where it is not there", () => {
    const due = { cashUsd: 20_000, options: [expired(-300)] };
    const rich = entryOf("ethereum", { cashUsd: 2_000_000 });
    const both = (book: Book): PassOutcome =>
      planPass(aPassInput([entryOf("base", book), rich], { policy: aPolicyWith() }));
    const helped = both({ ...due, marginUsd: 400_000 });
    expect(helped.decision.transfers).toEqual([]);
    expect(helped.jobs.map(({ kind }) => kind)).toContain("margin-move");
    const poor = both({ ...due, suppliedUsd: 0 });
    expect(poor.decision.transfers.map(({ target }) => target)).toEqual(["base"]);
  });

  test("leaves what positions need, and what stands for hedges to come", () => {
    const book = { cashUsd: 1_000, marginUsd: 30_000, sizeUnits: 5, options: [soon(-390)] };
    const [move] = movesOf(run(book));
    const left = after(book, run(book));
    expect(move?.[1]).toBeLessThan(0);
    // Five ETH need the grid's worst move, 27 % or so, of 10,000 USD.
    expect(left.marginUsd).toBeGreaterThan(2_700);
    expect(movesOf(run(left)).filter(([venue]) => venue === "curie")).toEqual([]);
  });

  test("is asked for once", () => {
    const book = {
      cashUsd: 20_000,
      suppliedUsd: 30_000,
      marginUsd: 200_000,
      options: [soon(-390)],
    };
    const first = run(book);
    const second = run(book, { jobs: first.jobs });
    expect(second.decision.treasury).toEqual([]);
  });
});

test("a source calls back loans for a shard in shortfall that nobody's cash covers", () => {
  const needy = entryOf("ethereum", { cashUsd: 5_000, options: [anOption({ quantity: -300 })] });
  const source = { cashUsd: 30_000, suppliedUsd: 900_000 };
  const policy = aPolicyWith({ lending: { ...DEFAULT_POLICY.lending, supplyMaxFraction: 1 } });
  const pass = planPass(aPassInput([entryOf("base", source), needy], { policy }));
  const back = pass.decision.treasury.find(({ shard }) => shard === "base");
  expect(back?.amountUsd).toBeLessThan(0);
  const [transfer] = pass.decision.transfers;
  const sendable = 30_000 - (back?.amountUsd ?? 0);
  expect(sendable).toBeGreaterThan(transfer?.amountUsd ?? 0);
});

test("nothing is lent while a shard lacks collateral", () => {
  const rich = { cashUsd: 900_000, suppliedUsd: 0 };
  const needy = entryOf("ethereum", { cashUsd: 5_000, options: [anOption({ quantity: -100 })] });
  const alone = run(rich);
  expect(movesOf(alone).map(([venue]) => venue)).toEqual(["aave-v3"]);
  const pass = planPass(aPassInput([entryOf("base", rich), needy], { policy: aPolicyWith() }));
  // What is sent makes the shard busy: with no route open, nothing is lent all the same.
  expect(pass.decision.treasury.filter(({ amountUsd }) => amountUsd > 0)).toEqual([]);
});

test("on the same books cash never goes to and fro: what moved one way does not move the other", () => {
  const usd = (max: number) => fc.oneof(fc.constant(0), fc.double({ min: 0, max, noNaN: true }));
  const check = (
    o: Required<Omit<Book, "options" | "sizeUnits">> & { sold: number; fraction: number },
  ) => {
    const { sold, fraction, ...first } = o;
    const lending = { ...DEFAULT_POLICY.lending, supplyMaxFraction: fraction };
    const policy = aPolicyWith({ lending });
    let book: Book = { ...first, options: [soon(-sold)] };
    const signs = new Map<string, number>();
    for (let at = 0; at < 6; at += 1) {
      const pass = run(book, { policy });
      for (const [venue, amountUsd] of movesOf(pass)) {
        expect(signs.get(venue) ?? Math.sign(amountUsd)).toBe(Math.sign(amountUsd));
        signs.set(venue, Math.sign(amountUsd));
      }
      if (at >= 4) expect(movesOf(pass)).toEqual([]);
      book = after(book, pass);
    }
  };
  const books = fc.record({
    cashUsd: usd(300_000),
    suppliedUsd: usd(300_000),
    marginUsd: usd(100_000),
    sold: fc.integer({ min: 1, max: 400 }),
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(fc.property(books, check), { numRuns: 60, seed: 11 });
});

describe("a settlement that nothing else pays", () => {
  const sale = (o: { cashUsd: number; due: number; hedgeUnits: number }) => {
    const [entry] = [entryOf("base", { cashUsd: o.cashUsd, options: [expired(-o.due)] })];
    const [cash, hedge] = entry.report.collateral;
    if (cash === undefined || hedge === undefined) throw new Error("cash and a hedge expected");
    const amountRaw = (BigInt(Math.round(o.hedgeUnits * 1e9)) * 10n ** 9n).toString();
    const chain = { ...entry.report.chain, capitalRaw: raw(o.cashUsd + o.hedgeUnits * 1_800) };
    const report = { ...entry.report, collateral: [cash, { ...hedge, amountRaw }], chain };
    const policy = aPolicy({
      hedgeNotionalMaxUsd: 200_000,
      bandFloorUsd: 2_000_000,
      bandCapNavFraction: 1,
    });
    const input = aPassInput([{ ...entry, report }], { policy });
    const outcome = planPass(input);
    const job = outcome.jobs.find(({ params }) => params?.kind === "swap-exact-output");
    return { outcome, job, input };
  };

  test("is paid by a sale for exactly what lacks: cash afterwards is what is due, and nothing more is sold", () => {
    const books = fc.record({
      cashUsd: fc.double({ min: 0, max: 40_000, noNaN: true }),
      due: fc.integer({ min: 1, max: 600 }),
      hedgeUnits: fc.double({ min: 40, max: 80, noNaN: true }),
    });
    let sold = 0;
    const check = (o: { cashUsd: number; due: number; hedgeUnits: number }): void => {
      const { job, outcome, input } = sale(o);
      const cashRaw = BigInt(raw(o.cashUsd));
      const dueRaw = BigInt(o.due) * 100_000_000n;
      if (cashRaw >= dueRaw) {
        expect(job).toBeUndefined();
        return;
      }
      if (job?.params?.kind !== "swap-exact-output") throw new Error("a sale was expected");
      sold += 1;
      expect(cashRaw + BigInt(job.params.amountOutRaw)).toBe(dueRaw);
      // Spot is 2000: at most the slippage's worth more than what lacks may be spent.
      const worth = Number(dueRaw - cashRaw) / 1e6 / 2_000;
      expect(-job.expectedDeltaUnits / worth).toBeGreaterThanOrEqual(1);
      expect(-job.expectedDeltaUnits / worth).toBeLessThan(1.01);
      expect(Number(job.params.maxAmountInRaw) / 1e18 / worth).toBeLessThan(1.02);
      expect(outcome.decision.treasury).toMatchObject([{ reason: "cash for expired series" }]);
      const second = planPass({ ...input, jobs: outcome.jobs, sequence: 2 });
      expect(second.decision.treasury).toEqual([]);
    };
    fc.assert(fc.property(books, check), { numRuns: 40, seed: 3 });
    expect(sold).toBeGreaterThan(15);
  });

  test("brings what a hedge can bring where that is less than what lacks", () => {
    const { job } = sale({ cashUsd: 0, due: 600, hedgeUnits: 10 });
    if (job?.params?.kind !== "swap-exact-output") throw new Error("a sale was expected");
    expect(Number(job.params.amountOutRaw) / 1e6).toBeLessThan(20_000);
    expect(BigInt(job.params.maxAmountInRaw)).toBeLessThanOrEqual(10n * 10n ** 18n);
  });

  test("asks another shard's cash first", () => {
    const { input } = sale({ cashUsd: 1_000, due: 300, hedgeUnits: 60 });
    const rich = entryOf("ethereum", { cashUsd: 2_000_000 });
    const both = planPass(aPassInput([...input.entries, rich], { policy: input.policy }));
    expect(both.jobs.map(({ params }) => params?.kind)).not.toContain("swap-exact-output");
    expect(both.decision.transfers.map(({ target }) => target)).toEqual(["base"]);
  });
});
