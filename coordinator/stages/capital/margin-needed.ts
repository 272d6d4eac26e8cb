import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine } from "#shared/wire/shard-report.ts";

/** Largest loss of a position of delta one on the standard grid, as a fraction of its value. */
const WORST_MOVE = Math.max(...STANDARD_GRID.map((one) => Math.abs(one.spotShock * one.weight)));

/**
 * Margin a perpetual position must have, as a fraction of its value: the venue's initial margin times the policy's
 * multiple, and so much that after the worst loss on the standard grid and stressed funding it is not liquidated.
 */
export function marginFractionNeeded(line: PerpLine, policy: Policy): number {
  const { initialMarginMultiplier, fundingStressFraction, marginRatioMin } = policy.perps;
  const stressed =
    WORST_MOVE + fundingStressFraction + line.maintenanceMarginFraction * (1 + WORST_MOVE);
  const floor = Math.max(marginRatioMin, line.marginRatioFloor);
  return Math.max(line.initialMarginFraction * initialMarginMultiplier, stressed, floor);
}

/** Margin that all positions of one account must have together, in USD. */
export function marginNeededUsd(
  account: readonly PerpLine[],
  { valuation }: ShardInput,
  policy: Policy,
): number {
  return account.reduce((total, line) => {
    const spotUsd = valuation.underlyings.get(line.underlying)?.spotUsd ?? line.indexUsd;
    const units = Math.abs(unitsFromRaw(BigInt(line.sizeE18), 18));
    const priceUsd = Math.max(spotUsd, line.markUsd * valuation.settlementUsd);
    return total + marginFractionNeeded(line, policy) * units * priceUsd;
  }, 0);
}
