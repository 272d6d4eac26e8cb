import { expect, test } from "vitest";
import { assessWorld } from "#coordinator/cycles/planning/assess-world.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import { anEntry, aPassInput, aPolicy } from "#test/support/coordinator/coordinator-pass.ts";

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
