import { type Address, encodePacked, type Hex, keccak256 } from "viem";
import { DAY_MS } from "#shared/units/time.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { OptionLine } from "#shared/wire/shard-report.ts";

/** Decimals of every amount, price and volatility at Lyra. */
export const LYRA_DECIMALS = 18;
/** Lyra standardises vega to thirty days, and counts no expiry as nearer than seven. */
const STANDARD_DAYS = 30;
const DAYS_MIN = 7;

/** What Lyra keeps of one strike (OptionMarketViewer.getLiveBoards). */
export type LyraStrike = {
  readonly strikeId: bigint;
  readonly strikePrice: bigint;
  readonly skew: bigint;
  readonly cachedGreeks: {
    readonly callDelta: bigint;
    readonly putDelta: bigint;
    readonly stdVega: bigint;
    readonly callPrice: bigint;
    readonly putPrice: bigint;
  };
  readonly longCallOpenInterest: bigint;
  readonly longPutOpenInterest: bigint;
  readonly shortCallBaseOpenInterest: bigint;
  readonly shortCallQuoteOpenInterest: bigint;
  readonly shortPutOpenInterest: bigint;
};

/** Contracts of one Lyra market. */
export type Addresses = Record<
  "liquidityPool" | "greekCache" | "optionToken" | "poolHedger" | "quoteAsset",
  Address
> & { readonly synthetix: Address };

/** A live board (OptionMarketViewer.getLiveBoards). */
export type Board = {
  readonly boardId: bigint;
  readonly expiry: bigint;
  readonly baseIv: bigint;
  readonly isPaused: boolean;
  readonly strikes: readonly LyraStrike[];
};

/** A position as Lyra keeps it (OptionToken). */
export type Position = {
  readonly positionId: bigint;
  readonly strikeId: bigint;
  readonly optionType: number;
  readonly amount: bigint;
  readonly state: number;
};

/** Lyra's own figures of one long option, in our units. */
export type LyraFigures = {
  readonly premiumUsd: number;
  readonly deltaUnits: number;
  readonly vegaUsdPerVolPoint: number;
};

/**
 * Vega in USD per volatility point from Lyra's standardised one, which is vega per point times
 * sqrt(30 / whole days to expiry, at least 7).
 *
 * @param updatedAtMs When Lyra computed it: the days count from then.
 * @see BlackScholes.sol of @lyrafinance/protocol, `_standardVega`.
 */
export function vegaFromStandard(stdVega: number, expiryMs: number, updatedAtMs: number): number {
  const days = Math.floor(Math.max(expiryMs - updatedAtMs, DAYS_MIN * DAY_MS) / DAY_MS);
  return stdVega / Math.sqrt(STANDARD_DAYS / days);
}

/** What Lyra cached of a call or put. */
export function figuresOf(
  { cachedGreeks }: LyraStrike,
  type: "call" | "put",
  times: { readonly expiryMs: number; readonly updatedAtMs: number },
): LyraFigures {
  const { callPrice, putPrice, callDelta, putDelta, stdVega } = cachedGreeks;
  const units = (raw: bigint) => unitsFromRaw(raw, LYRA_DECIMALS);
  return {
    premiumUsd: units(type === "call" ? callPrice : putPrice),
    deltaUnits: units(type === "call" ? callDelta : putDelta),
    vegaUsdPerVolPoint: vegaFromStandard(units(stdVega), times.expiryMs, times.updatedAtMs),
  };
}

/** Id of a series in book lines: Lyra's numbers and ours never meet. */
export function lyraSeriesId(market: Address, strikeId: bigint, type: "call" | "put"): Hex {
  const types = ["string", "address", "uint256", "bool"] as const;
  return keccak256(encodePacked(types, ["lyra-v1", market, strikeId, type === "call"]));
}

/** The pool's side of a strike: short what traders are long, long what they are short; nothing where both are none. */
export function poolLines(
  strike: LyraStrike,
  o: { readonly market: Address; readonly underlying: string; readonly expiryMs: number },
): OptionLine[] {
  const { premiumUsd: callUsd } = figuresOf(strike, "call", { ...o, updatedAtMs: 0 });
  const { premiumUsd: putUsd } = figuresOf(strike, "put", { ...o, updatedAtMs: 0 });
  const calls =
    strike.shortCallBaseOpenInterest +
    strike.shortCallQuoteOpenInterest -
    strike.longCallOpenInterest;
  const puts = strike.shortPutOpenInterest - strike.longPutOpenInterest;
  const sides = [
    { type: "call", quantity: calls, markUsd: callUsd },
    { type: "put", quantity: puts, markUsd: putUsd },
  ] as const;
  return sides
    .filter(({ quantity }) => quantity !== 0n)
    .map(({ type, quantity, markUsd }) => ({
      kind: "option",
      venue: "lyra-v1",
      seriesId: lyraSeriesId(o.market, strike.strikeId, type),
      underlying: o.underlying,
      type,
      strikeUsd: unitsFromRaw(strike.strikePrice, LYRA_DECIMALS),
      expiryMs: o.expiryMs,
      quantity: unitsFromRaw(quantity, LYRA_DECIMALS),
      markUsd,
    }));
}
