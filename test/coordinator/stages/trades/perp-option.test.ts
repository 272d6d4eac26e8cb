import fc from "fast-check";
import { expect, test } from "vitest";
import { assessWorld } from "#coordinator/cycles/planning/assess-world.ts";
import { pendingEffects } from "#coordinator/records/planning/pending-effect.ts";
import { marginFractionNeeded } from "#coordinator/stages/capital/margin-needed.ts";
import { executionCostUsd } from "#coordinator/stages/trades/depth-cost.ts";
import { hedgeAction } from "#coordinator/stages/trades/hedge-action.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";
import {
  aJobRecord,
  anEntry,
  aPassInput,
  aPolicy,
  BLOCK_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";

test("a perpetual that is opened leaves the margin its position then needs, after what the trade costs", () => {
  const policy = aPolicy({ slippageMaxFraction: 0.2, hedgeNotionalMaxUsd: 1e9 });
  const marginUsd = 10_000;
  const change = { indexUpdatedAtMs: BLOCK_MS - 500 };
  const line = aPerpMarket({ marginUsd, feeFraction: 0.05, change });
  const entry = anEntry({
    shard: "base",
    cashUsd: 900_000,
    change: { perps: [line], capacity: [] },
  });
  const { inputs, nativeUsd } = assessWorld(aPassInput([entry], { policy }));
  const [input] = inputs;
  if (input === undefined) throw new Error("no shard");
  for (const side of ["buy", "sell"] as const) {
    const context = { underlying: "ETH", side, effects: [], policy, nativeUsd };
    const outcome = hedgeOptions(input, context);
    const [option] = outcome.usable ? outcome.options : [];
    if (option === undefined) throw new Error("not usable");
    const units = option.limits["not enough margin"] ?? Number.NaN;
    const costUsd = executionCostUsd(option.points, units, option.depth);
    const neededUsd = marginFractionNeeded(line, policy) * units * 2000;
    expect(costUsd).toBeGreaterThan(100);
    expect(marginUsd - costUsd).toBeCloseTo(neededUsd, 3);
  }
});

test.each([
  ["taken out", 0n, false],
  ["brought", 20_000_000_000n, true],
] as const)(
  "margin that is being %s: a trade beside it is possible or not",
  (_name, outRaw, isUsable) => {
    const policy = aPolicy();
    const line = aPerpMarket({ marginUsd: 50_000, change: { indexUpdatedAtMs: BLOCK_MS - 500 } });
    const entry = anEntry({ shard: "base", change: { perps: [line], capacity: [] } });
    const { inputs, nativeUsd } = assessWorld(aPassInput([entry], { policy }));
    const [input] = inputs;
    const [move] = pendingEffects([aJobRecord({ kind: "margin-move", underlying: null })]);
    if (input === undefined || move === undefined) throw new Error("nothing in flight");
    const effects = [{ ...move, venue: line.adapter, deltaUnits: 0, outRaw }];
    const outcome = hedgeOptions(input, {
      underlying: "ETH",
      side: "buy",
      effects,
      policy,
      nativeUsd,
    });
    expect(outcome.usable).toBe(isUsable);
    if (!outcome.usable) expect(outcome.reason).toContain("a job at the same account in flight");
  },
);

/** Units of ETH that a shard may buy on its perpetual beside a hedge of so many units there. */
function unitsBeside(
  o: { readonly sizeUnits: number; readonly side: "buy" | "sell" },
  hedge: { readonly deltaUnits: number; readonly isLapsed: boolean } | null,
): number {
  const policy = aPolicy({ slippageMaxFraction: 0.2, hedgeNotionalMaxUsd: 1e9 });
  const change = { indexUpdatedAtMs: BLOCK_MS - 500 };
  const line = aPerpMarket({ marginUsd: 50_000, sizeUnits: o.sizeUnits, change });
  const book = { perps: [line], capacity: [] };
  const entry = anEntry({ shard: "base", cashUsd: 900_000, change: book });
  const { inputs, nativeUsd } = assessWorld(aPassInput([entry], { policy }));
  const [input] = inputs;
  const [job] = pendingEffects([aJobRecord({ kind: "perp-change", underlying: "ETH" })]);
  if (input === undefined || job === undefined) throw new Error("nothing in flight");
  const { deltaUnits = 0, isLapsed = false } = hedge ?? {};
  const amountUsd = Math.abs(deltaUnits) * 2000;
  const effect = { ...job, venue: line.adapter, deltaUnits, amountUsd, outRaw: 0n, isLapsed };
  const effects = hedge === null ? [] : [effect];
  const outcome = hedgeOptions(input, {
    underlying: "ETH",
    side: o.side,
    effects,
    policy,
    nativeUsd,
  });
  return outcome.usable ? (outcome.options[0]?.limitUnits ?? 0) : 0;
}

test("a hedge in flight closes its account to the next; one that lapsed leaves it the margin both would need together", () => {
  const open = { sizeUnits: 0, side: "buy" } as const;
  const alone = unitsBeside(open, null);
  expect(unitsBeside(open, { deltaUnits: 5, isLapsed: false })).toBe(0);
  const beside = unitsBeside(open, { deltaUnits: 5, isLapsed: true });
  expect(beside).toBeGreaterThan(0);
  expect(beside).toBeLessThan(alone - 5);
  expect(unitsBeside(open, { deltaUnits: 2 * alone, isLapsed: true })).toBe(0);
});

test("a position is taken back no further than a lapsed hedge would leave it, so that both do not turn it", () => {
  const close = { sizeUnits: -8, side: "buy" } as const;
  expect(unitsBeside(close, null)).toBeCloseTo(8, 9);
  expect(unitsBeside(close, { deltaUnits: 3, isLapsed: true })).toBeCloseTo(5, 9);
  expect(unitsBeside(close, { deltaUnits: 9, isLapsed: true })).toBe(0);
});

test("a trade that takes a whole position back closes it to the last unit, and never turns it", () => {
  const policy = aPolicy({ slippageMaxFraction: 0.2, hedgeNotionalMaxUsd: 1e9 });
  const check = (size: bigint): void => {
    const change = { indexUpdatedAtMs: BLOCK_MS - 500, sizeE18: size.toString() };
    const sizeUnits = Number(size) / 1e18;
    const line = aPerpMarket({ marginUsd: 500_000, sizeUnits, change });
    const entry = anEntry({ shard: "base", change: { perps: [line], capacity: [] } });
    const { inputs, nativeUsd } = assessWorld(aPassInput([entry], { policy }));
    const side = size > 0n ? "sell" : "buy";
    const context = { underlying: "ETH", side, effects: [], policy, nativeUsd } as const;
    const outcome = inputs[0] === undefined ? undefined : hedgeOptions(inputs[0], context);
    const [option] = outcome?.usable === true ? outcome.options : [];
    if (option === undefined) throw new Error("not usable");
    const sizeOf = (units: number) => hedgeAction(option, units, policy)?.params;
    expect(sizeOf(option.limitUnits)).toMatchObject({ sizeE18: (-size).toString() });
    const half = sizeOf(option.limitUnits / 2);
    const halfSize = half?.kind === "perp-change" ? Number(half.sizeE18) : Number.NaN;
    expect(halfSize / Number(size)).toBeCloseTo(-0.5, 9);
  };
  check(7_563_093_087_154_430_626n);
  const sizes = fc.bigInt({ min: 10n ** 15n, max: 20n * 10n ** 18n });
  fc.assert(fc.property(sizes, fc.boolean(), (size, isLong) => check(isLong ? size : -size)));
});
