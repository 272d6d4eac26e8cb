import { maxUint256 } from "viem";
import type { ViewReader } from "#shard-agent/ports/venue.ts";
import type { LyraScope } from "#shard-agent/records/shard-scope.ts";
import { lyraAbi as abi } from "#shard-agent/venues/lyra-abi.ts";
import {
  LYRA_DECIMALS,
  type LyraStrike,
  type Position,
} from "#shard-agent/venues/lyra-conventions.ts";
import type { ConversionRate } from "#shard-agent/venues/pool-conversion.ts";
import type { Address } from "#shared/units/ids.ts";
import { rawFromUnitsDown, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { OptionMarketLine } from "#shared/wire/shard-report.ts";

/** Lyra's own numbers of the two kinds of option an account may hold. */
export const LONG_CALL = 0;
export const LONG_PUT = 1;
/** Of premiums in mandates. */
const PREMIUM_DECIMALS = 8;

type Series = OptionMarketLine["series"][number];
type SeriesName = { readonly strike: LyraStrike; readonly type: "call" | "put" };
type Asked = {
  readonly at: LyraScope;
  /** The vault's. */
  readonly desk: Address;
  readonly view: ViewReader;
  readonly rate: ConversionRate;
};

/** What the desk lets a mandate agree to for one option; null where it refuses the series: stale, or not known for long. */
export async function readLimits(
  { at, desk, view }: Pick<Asked, "at" | "desk" | "view">,
  { strike, type }: SeriesName,
): Promise<Pick<Series, "mostToOpenUsd" | "leastToCloseUsd"> | null> {
  const limits = (await view({
    abi,
    to: desk,
    name: "premiumLimits",
    args: [at.adapter, at.market, strike.strikeId, type === "call"],
    ifReverts: { value: null },
  })) as readonly [bigint, bigint] | null;
  if (limits === null) return null;
  const [most, least] = limits;
  return {
    mostToOpenUsd: unitsFromRaw(most, PREMIUM_DECIMALS),
    leastToCloseUsd: unitsFromRaw(least, PREMIUM_DECIMALS),
  };
}

/**
 * What Lyra would ask or pay for each size, asked by making the trade: opening in the name of an account that can
 * afford it, closing in the account's own. 0 where Lyra refuses. Sizes beyond what is held end with all of it.
 */
export function readDepth(
  { at, view, rate }: Pick<Asked, "at" | "view" | "rate">,
  o: SeriesName & { readonly held: Position | null },
): Promise<Series["buy"]> {
  const asked = at.depthOptions
    .toSorted((one, other) => one - other)
    .map((size) => rawFromUnitsDown(size, LYRA_DECIMALS));
  const { held } = o;
  const sizes =
    held === null ? asked : [...asked.filter((size) => size < held.amount), held.amount];
  const quote = async (amount: bigint) => {
    const trade = {
      strikeId: o.strike.strikeId,
      positionId: o.held?.positionId ?? 0n,
      iterations: 1n,
      optionType: o.type === "call" ? LONG_CALL : LONG_PUT,
      amount,
      setCollateralTo: 0n,
      minTotalCost: 0n,
      maxTotalCost: maxUint256,
    };
    const { totalCost } = (await view({
      abi,
      to: at.market,
      name: o.held === null ? "openPosition" : "closePosition",
      args: [trade],
      from: o.held === null ? at.quoteFrom : at.adapter,
      ifReverts: { value: { totalCost: 0n } },
    })) as { readonly totalCost: bigint };
    const usdPerQuote = o.held === null ? rate.buyUsd : rate.sellUsd;
    const usd = unitsFromRaw(totalCost, LYRA_DECIMALS) * usdPerQuote;
    return {
      quantityE18: amount.toString(),
      costE18: rawFromUnitsDown(usd, LYRA_DECIMALS).toString(),
    };
  };
  return Promise.all(sizes.filter((size) => size > 0n).map(quote));
}
