import { expect, test } from "vitest";
import { assessWorld } from "#coordinator/cycles/planning/assess-world.ts";
import {
  type PendingEffect,
  pendingEffects,
} from "#coordinator/records/planning/pending-effect.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import {
  aJobRecord,
  anEntry,
  aPassInput,
  aPolicy,
} from "#test/support/coordinator/coordinator-pass.ts";

const CAPITAL = { ...DEFAULT_POLICY.capital, depegFloor: 0.99, depegSlope: 2 };

/** The one pool's option at a price of the settlement asset. */
function optionAt(priceUsd: number, side: "buy" | "sell") {
  const policy = aPolicy({ slippageMaxFraction: 0.2 }, { capital: CAPITAL });
  const entry = anEntry({ shard: "base", hedgeUnits: 50 });
  const collateral = entry.report.collateral.map((line) => {
    return line.underlying === null ? { ...line, priceUsd } : line;
  });
  const pegged = { ...entry, report: { ...entry.report, collateral } };
  const { inputs, nativeUsd } = assessWorld(aPassInput([pegged], { policy }));
  const [input] = inputs;
  if (input === undefined) throw new Error("no shard");
  const outcome = hedgeOptions(input, { underlying: "ETH", side, effects: [], policy, nativeUsd });
  if (!outcome.usable) throw new Error(outcome.reason);
  const [option] = outcome.options;
  if (option === undefined) throw new Error("no option");
  return option;
}

test.each([
  ["buy", 1],
  ["sell", -1],
] as const)(
  "what the vault itself counts of a %s does not depend on the peg, which it does not look at",
  (side, sign) => {
    const haircutUsd = sign * 2000 * CAPITAL.hedgeHaircutFraction;
    expect(optionAt(1, side).haircutUsdPerUnit).toBeCloseTo(haircutUsd, 9);
    const depegged = optionAt(0.97, side);
    expect(depegged.haircutUsdPerUnit * sign).toBeLessThan(haircutUsd * sign);
    for (const option of [optionAt(1, side), depegged])
      expect(option.chainUsdPerUnit).toBeCloseTo(haircutUsd, 9);
  },
);

/** Most units that may be bought before the shard would not stay solvent. */
function solventUnits(
  changes: { readonly capitalRaw?: string; readonly effects?: readonly PendingEffect[] } = {},
): number {
  const policy = aPolicy();
  const { effects = [], capitalRaw = "30000000000" } = changes;
  const entry = anEntry({ shard: "base", cashUsd: 30_000 });
  const chain = { ...entry.report.chain, capitalRaw };
  const entries = [{ ...entry, report: { ...entry.report, chain } }];
  const { inputs, nativeUsd } = assessWorld(aPassInput(entries, { policy }));
  const [input] = inputs;
  if (input === undefined) throw new Error("no shard");
  const context = { underlying: "ETH", side: "buy", effects, policy, nativeUsd } as const;
  const outcome = hedgeOptions(input, context);
  const [option] = outcome.usable ? outcome.options : [];
  return option?.limits["would not stay solvent"] ?? Number.NaN;
}

test("a purchase leaves its shard solvent also if a hedge that is past its deadline is done after all", () => {
  const lapsed = pendingEffects([aJobRecord({ expectedDeltaUnits: 20, amountUsd: 0 })]).map(
    (effect) => ({ ...effect, isLapsed: true, outRaw: 0n }),
  );
  const [free, bound] = [solventUnits(), solventUnits({ effects: lapsed })];
  expect(free).toBeGreaterThan(20);
  expect(bound).toBeGreaterThan(0);
  expect(bound).toBeLessThan(free - 5);
});

test("a purchase takes no more than the capital the vault itself counts", () => {
  const perUnitUsd = 2000 * DEFAULT_POLICY.capital.hedgeHaircutFraction;
  expect(solventUnits({ capitalRaw: "1000000000" })).toBeLessThan(1000 / perUnitUsd);
  expect(solventUnits({ capitalRaw: "1000000000" })).toBeGreaterThan(900 / perUnitUsd);
});
