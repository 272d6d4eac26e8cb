import type { ShardValuation } from "#coordinator/records/shard-valuation.ts";
import { assessCapital } from "#coordinator/stages/assess-capital.ts";
import type { HedgeContext, ShardInput } from "#coordinator/stages/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { STANDARD_GRID } from "#shared/risk/standard-grid.ts";
import { rawFromUnitsDown, unitsFromRaw } from "#shared/units/token-amount.ts";

/** Spot moves between the tails: the tails are for capital, which need not be cash. */
const MOVES = [
  ...new Set(STANDARD_GRID.filter((one) => one.weight === 1).map((one) => one.spotShock)),
];

const HOUR_MS = 3_600_000;

/**
 * Cash in USD a vault keeps for its own series that expire within the policy's horizon: what they would be due after the
 * worst regular move of spot, for each underlying by itself. It becomes neither margin nor a loan.
 */
export function cashToKeepUsd(valuation: ShardValuation, policy: Policy): number {
  const { report } = valuation.entry;
  const untilMs = report.block.timestampMs + policy.planning.settlementHorizonHours * HOUR_MS;
  let total = 0;
  for (const [ticker, { spotUsd }] of valuation.underlyings) {
    const short = report.book.filter((line) => {
      const isOwn = line.underlying === ticker && line.venue === "option-book";
      return isOwn && line.quantity < 0 && line.expiryMs <= untilMs;
    });
    const dueUsd = MOVES.map((move) => {
      return short.reduce((sum, { type, strikeUsd, quantity }) => {
        const sign = type === "call" ? 1 : -1;
        return sum - quantity * Math.max(0, sign * (spotUsd * (1 + move) - strikeUsd));
      }, 0);
    });
    total += Math.max(0, ...dueUsd);
  }
  return total;
}

/** Cash of the vault that may go to a venue: not what pending jobs take, nor what series soon to settle may need. */
export function freeForVenuesRaw(
  input: ShardInput,
  { effects, policy }: Pick<HedgeContext, "effects" | "policy">,
): bigint {
  const { valuation, setup } = input;
  const { freeCashRaw } = assessCapital(valuation, setup, effects, policy);
  const keptUnits = cashToKeepUsd(valuation, policy) / valuation.settlementUsd;
  const free = unitsFromRaw(freeCashRaw, setup.settlement.decimals) - keptUnits;
  return rawFromUnitsDown(Math.max(0, free), setup.settlement.decimals);
}
