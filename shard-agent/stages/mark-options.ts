import type { ValuedBook } from "#shard-agent/records/valuation.ts";
import { FatalError } from "#shared/errors.ts";
import type { ChainValuer } from "#shared/risk/portfolio/option-chain.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { MarketLine, OptionLine } from "#shared/wire/shard-report.ts";

/** A line of the book before it is valued. */
export type UnmarkedOption = Omit<OptionLine, "markUsd">;

/**
 * Marks of option lines, in their order, and what the live ones of each line of the market are worth together.
 *
 * A live option is marked at its model value, an expired one at what it is paid: of the price it settles at where that is
 * known, else of spot.
 *
 * @param o.settlementUsd What an expired series settles at.
 * @throws {FatalError} `unknown-hedge-asset` for an option whose underlying has no line in the market.
 */
export function markOptions(
  options: readonly UnmarkedOption[],
  market: readonly MarketLine[],
  o: {
    readonly asOfMs: number;
    readonly settlementUsd: (seriesId: Hex) => number | undefined;
    readonly valueChain: ChainValuer;
  },
): Pick<ValuedBook, "book" | "options"> {
  requireMarkets(options, market);
  const marksUsd = new Float64Array(options.length);
  const values = market.map(({ underlying, spotUsd, volatility: slices }) => {
    const live: UnmarkedOption[] = [];
    const places: number[] = [];
    for (const [place, option] of options.entries()) {
      if (option.underlying !== underlying) continue;
      if (option.expiryMs > o.asOfMs) {
        live.push(option);
        places.push(place);
      } else {
        marksUsd[place] = paidUsd(option, o.settlementUsd(option.seriesId) ?? spotUsd);
      }
    }
    const value = o.valueChain(underlying, { spotUsd, slices, nowMs: o.asOfMs }, live);
    for (const [index, place] of places.entries())
      marksUsd[place] = value.pricesUsd[index] as number;
    return value;
  });
  const book = options.map((option, place) => {
    return { ...option, markUsd: marksUsd[place] as number };
  });
  return { book, options: values };
}

function requireMarkets(options: readonly UnmarkedOption[], market: readonly MarketLine[]): void {
  const known = new Set(market.map(({ underlying }) => underlying));
  const stray = options.find(({ underlying }) => !known.has(underlying));
  if (stray === undefined) return;
  throw new FatalError(
    "unknown-hedge-asset",
    `Series ${stray.seriesId}: the vault holds no feed of ${stray.underlying}.`,
  );
}

function paidUsd({ type, strikeUsd }: UnmarkedOption, usd: number): number {
  return Math.max(0, type === "call" ? usd - strikeUsd : strikeUsd - usd);
}
