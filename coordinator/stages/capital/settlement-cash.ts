import { pendingHomeUsd } from "#coordinator/records/planning/pending-effect.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { assessCapital, freeCashRaw } from "#coordinator/stages/capital/assess-capital.ts";
import type { HedgeContext, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
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

/** How much of its cash a vault has, and how much it should have, USD. */
export type CashLevels = {
  /** Neither due nor taken by pending jobs; negative where more is due than there is. */
  readonly freeUsd: number;
  /** On its way back from the vault's own accounts. */
  readonly homeUsd: number;
  /** What series soon to settle may need. */
  readonly keepUsd: number;
  /** The same with something to spare, so that moves of the price do not carry cash to and fro. */
  readonly keptUsd: number;
  /** Below it loans are called back. */
  readonly lowUsd: number;
  /** Up to it loans are called back, and down to it cash is lent. */
  readonly stayUsd: number;
};

const KEEP_SPARE = 1.25;
/** Cash below this share of what is to stay in the vault is brought back; between, nothing moves. */
const LOW_WATER = 0.5;

/** The levels between which a vault's cash is left alone. */
export function cashLevels(
  input: ShardInput,
  { effects, policy }: Pick<HedgeContext, "effects" | "policy">,
): CashLevels {
  const { valuation, setup } = input;
  const { decimals } = setup.settlement;
  const freeRaw = freeCashRaw(valuation, setup, effects);
  const freeUsd = unitsFromRaw(freeRaw, decimals) * valuation.settlementUsd;
  const homeUsd = pendingHomeUsd(effects, setup.shard);
  const keepUsd = cashToKeepUsd(valuation, policy);
  const { supplyMaxFraction } = policy.lending;
  const suppliedUsd = sumOf(valuation.entry.report.lending, (line) => {
    const isSettlement = line.token.toLowerCase() === setup.settlement.token.toLowerCase();
    return isSettlement ? unitsFromRaw(BigInt(line.suppliedRaw), line.decimals) : 0;
  });
  const idleUsd = Math.max(0, freeUsd) + suppliedUsd * valuation.settlementUsd;
  const shareUsd = supplyMaxFraction === null ? 0 : (1 - supplyMaxFraction) * idleUsd;
  const keptUsd = KEEP_SPARE * keepUsd;
  return {
    freeUsd,
    homeUsd,
    keepUsd,
    keptUsd,
    lowUsd: Math.max(keepUsd, LOW_WATER * shareUsd),
    stayUsd: Math.max(keptUsd, shareUsd),
  };
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
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
