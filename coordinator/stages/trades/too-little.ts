import { DUST_USD, feedUsd, gasRefusal } from "#coordinator/stages/trades/gas-room.ts";
import type { HedgeOption } from "#coordinator/stages/trades/hedge-option.ts";
import type { SeriesOption } from "#coordinator/stages/trades/series-option.ts";

type Trade = HedgeOption | SeriesOption;

/**
 * Why a trade of `units` would be refused for its gas, and what limit leaves no more of it; the limit alone where it leaves
 * nothing. Undefined when its agent would take it.
 */
export function unpaid(trade: Trade, units: number): string | undefined {
  if (units >= trade.payableUnits) return undefined;
  const held = bindingLimit(trade, units);
  if (isDust(trade, units)) return held ?? NOTHING;
  const notionalUsd = units * priceOf(trade);
  const { gasUnits } = "venue" in trade ? trade.venue.line : trade.market;
  const refusal = gasRefusal(trade.input, { gasUnits, notionalUsd }) ?? UNPAID;
  const isTold = held !== undefined && Number.isFinite(trade.payableUnits);
  return isTold ? `${refusal}; beyond it: ${held}` : refusal;
}

/** {@link unpaid}, or that a trade of `units` is not worth its gas by the policy. */
export function tooLittle(option: HedgeOption, units: number): string | undefined {
  const refusal = unpaid(option, units);
  const { gasUsd, leastUnits } = option;
  if (refusal !== undefined || units >= leastUnits) return refusal;
  if (isDust(option, units)) return bindingLimit(option, units) ?? NOTHING;
  const [could, least] = [units, leastUnits].map((one) => one.toPrecision(4));
  return `${could} there is less than the ${least} worth its gas of ${gasUsd.toFixed(2)} USD`;
}

/** Which limit left nothing to trade. */
export function limitReason(trade: Trade): string {
  return bindingLimit(trade, 0) ?? NOTHING;
}

/** The limit that leaves no more than `units`; undefined when more of it could be traded. */
function bindingLimit(trade: Trade, units: number): string | undefined {
  // Bisection and amounts in whole raw units leave dust where a limit leaves nothing.
  const leftUnits = Math.max(units, DUST_USD / priceOf(trade));
  return Object.entries(trade.limits).find(([, limitUnits]) => !(limitUnits > leftUnits))?.[0];
}

function isDust(trade: Trade, units: number): boolean {
  return units * priceOf(trade) < DUST_USD;
}

function priceOf({ underlying, input }: Trade): number {
  return feedUsd(underlying, input);
}

const UNPAID = "its agent does not pay the gas of so little";
const NOTHING = "nothing to trade";
