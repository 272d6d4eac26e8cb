import { expect, test } from "vitest";
import { assessWorld } from "#coordinator/cycles/planning/assess-world.ts";
import { pendingEffects } from "#coordinator/records/planning/pending-effect.ts";
import { marginFractionNeeded } from "#coordinator/stages/capital/margin-needed.ts";
import { executionCostUsd } from "#coordinator/stages/trades/depth-cost.ts";
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
