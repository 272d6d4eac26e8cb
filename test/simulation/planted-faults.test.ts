import { expect, test } from "vitest";
import type { FaultKind } from "#test/simulation/engine/faults.ts";
import { type ModeName, runInMode } from "#test/simulation/modes.ts";
import { PLANTS, type Plant } from "#test/simulation/plant/plants.ts";
import type { SeedOptions, Violation } from "#test/simulation/run-seed.ts";

const STEPS = 4_000;
const FIRST_SEED = 3_001;
/** All are seen in the first seed or the second from where they begin. */
const SEEDS_MAX = 16;
/** What shows only when a run does not drain takes long. */
const TIMEOUT_MS = 180_000;

type Case = {
  readonly plant: Plant;
  /** Invariants that may report it. */
  readonly ids: readonly string[];
  /** What the report has to say, where its id alone could mean something else. */
  readonly says?: RegExp;
  /** What helps the run into the state in which it shows. */
  readonly rates?: Partial<Record<FaultKind, number>>;
  readonly options?: Pick<SeedOptions, "role" | "hasLiar">;
  readonly mode?: ModeName;
  /** Where the hunt begins; it goes on from there. */
  readonly firstSeed?: number;
};

const CRASHES = { "agent-crash-broadcast": 1.5, "agent-crash-signed": 1.5 };
const REORGS = { "chain-reorg-of-mandate": 3, "chain-dropped-transaction": 2 };

const LIES = {
  "rpc-lie-balance": 2,
  "rpc-lie-forged-header": 2,
  "rpc-lie-logs": 2,
  "rpc-lie-nonce": 2,
  "rpc-lie-receipt": 2,
};

const CASES: readonly Case[] = [
  { plant: "vault-takes-twice", ids: ["I1"], options: { role: "compete" }, firstSeed: 3_004 },
  {
    plant: "nonce-from-chain",
    ids: ["I8"],
    rates: { "chain-dropped-transaction": 2 },
    options: { role: "compete" },
    firstSeed: 3_024,
  },
  { plant: "journal-loses-last-write", ids: ["I9"], rates: CRASHES, firstSeed: 3_023 },
  { plant: "journal-writes-late", ids: ["I9"], rates: CRASHES, firstSeed: 3_023 },
  { plant: "job-id-reused", ids: ["I9"] },
  {
    plant: "agent-takes-head-for-final",
    ids: ["I3", "I8", "I9", "I13"],
    rates: REORGS,
    firstSeed: 3_016,
  },
  {
    plant: "coordinator-takes-head-for-final",
    // I2: it halts once it finds another block in the place of one it took for final.
    ids: ["I2", "I3", "I9", "I13"],
    rates: { ...REORGS, "chain-reorg": 6, "chain-fee-spike": 2 },
    firstSeed: 3_009,
  },
  {
    plant: "one-endpoint-is-believed",
    ids: ["I3", "I9", "I14"],
    rates: LIES,
    options: { hasLiar: true },
  },
  {
    plant: "contradiction-is-ignored",
    ids: ["I3", "I14"],
    rates: LIES,
    options: { hasLiar: true },
    firstSeed: 3_005,
  },
  { plant: "perpetuals-forgotten-in-flight", ids: ["I3"] },
  { plant: "settled-by-receipt", ids: ["I3"] },
  {
    plant: "refusals-forgotten",
    ids: ["I15"],
    says: /times in a row and is tried again/,
    rates: { "pool-refuses": 3 },
  },
  {
    plant: "worse-plan-is-taken",
    ids: ["I4"],
    says: /^the (milp|greedy) plan was taken, worse than the (greedy|milp) one by/,
    rates: { "solver-wrong": 5 },
    mode: "solved",
  },
  { plant: "desk-ignores-caps", ids: ["I6"], rates: { "venue-cap-lowered": 3 }, firstSeed: 3_014 },
  { plant: "caps-not-reported", ids: ["I4"], says: /where caps leave|where nothing may grow/ },
  { plant: "premium-counted-twice", ids: ["I3"], says: /valued with cash/ },
  {
    plant: "liquidated-position-kept",
    ids: ["I3"],
    says: /valued with perpetual units/,
    rates: { "perp-liquidated": 3 },
  },
  {
    plant: "funding-sign-wrong",
    ids: ["I3"],
    says: /valued with bound margin/,
    rates: { "perp-funding-spike": 3 },
  },
];

test("every fault that can be planted is hunted", () => {
  expect(CASES.map((one) => one.plant).sort()).toEqual([...PLANTS].sort());
});

test.each(CASES)(
  "an invariant reports $plant",
  { timeout: TIMEOUT_MS },
  async ({
    plant,
    ids,
    says = /./,
    rates = {},
    options,
    mode = "fast",
    firstSeed = FIRST_SEED,
  }) => {
    const always = new Map(Object.entries(rates) as [FaultKind, number][]);
    const found: Violation[] = [];
    for (let seed = firstSeed; seed < firstSeed + SEEDS_MAX && found.length === 0; seed += 1) {
      const plants = new Set([plant]);
      const run = await runInMode(mode, { seed, steps: STEPS, plants, always, ...options });
      found.push(...run.violations);
    }
    expect(ids).toContain(found[0]?.id);
    expect(found[0]?.detail).toMatch(says);
  },
);
