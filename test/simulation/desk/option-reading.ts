import { EMPTY_READING, type VenueReading } from "#shard-agent/records/shard-snapshot.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { OptionSeries } from "#shared/wire/shard-report.ts";
import type { Long, Strike } from "#test/simulation/desk/desk-state.ts";
import {
  dueLongs,
  figuresOf,
  heldOf,
  isListed,
  optionQuoteE18,
  premiumE8,
  premiumLimitE8,
  strikeOf,
} from "#test/simulation/desk/option-market.ts";
import { priceE8 } from "#test/simulation/world/price.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import { digest, type Site } from "#test/simulation/world/site.ts";

const GAS_UNITS = 900_000;
const DEPTH_OPTIONS = [1n, 10n, 40n];
const WAD = 10n ** 18n;
/** The simulated account has one upkeep: any call to it is that. */
const SETTLE_EXPIRED = "0x01";

type At = { readonly site: Site; readonly adapter: Address; readonly nowSeconds: number };

/** What the vault's account at the option market says, in the words of the agent's file of that venue. */
export function optionReading(state: ShardState, at: At): VenueReading {
  const { site, adapter, nowSeconds } = at;
  const { options, isClosed } = state.desk;
  const due = dueLongs(state, nowSeconds);
  return {
    ...EMPTY_READING,
    optionMarkets: [
      {
        venue: "lyra-v1",
        adapter,
        market: site.venues.optionMarket,
        underlying: "ETH",
        quoteToken: site.settlementToken,
        spotUsd: unitsFromRaw(priceE8(state), 8),
        isStale: false,
        acceptsTrades: !isClosed,
        gasUnits: GAS_UNITS,
        cashRaw: options.cashRaw.toString(),
        series: options.strikes
          .filter((strike) => isListed(state, strike, nowSeconds))
          .flatMap((strike) => [
            seriesOf(state, strike, true, site),
            seriesOf(state, strike, false, site),
          ]),
      },
    ],
    options: options.longs.flatMap((long) => longLine(state, long, site)),
    upkeep:
      due.length === 0
        ? []
        : [
            {
              key: `${adapter}:settleExpired:${due.map(({ strikeId, isCall }) => `${strikeId}${isCall}`).join(",")}`,
              account: adapter,
              data: SETTLE_EXPIRED,
            },
          ],
    collateral: [
      { token: site.settlementToken, amountRaw: options.cashRaw, location: "venue-margin" },
    ],
  };
}

/** What names a series in reports. */
export function venueSeriesId(
  { shard }: Site,
  { strikeId, isCall }: Pick<Long, "strikeId" | "isCall">,
): Hex {
  const name = `${shard} ${strikeId} ${isCall}`;
  const known = seriesIds.get(name);
  if (known !== undefined) return known;
  const id = digest("venue series", shard, strikeId, isCall ? "call" : "put");
  seriesIds.set(name, id);
  return id;
}

/** By shard, strike and type: asked for in every report and after every pass. */
const seriesIds = new Map<string, Hex>();

function seriesOf(state: ShardState, strike: Strike, isCall: boolean, site: Site): OptionSeries {
  const o = { strike, isCall };
  const { deltaUnits, vegaUsdPerVolPoint } = figuresOf(state, strike, isCall);
  const heldE18 = heldOf(state, { strikeId: strike.strikeId, isCall });
  const depth = (quantityE18: bigint, sign: bigint) => ({
    quantityE18: quantityE18.toString(),
    costE18: optionQuoteE18(state, o, sign * quantityE18).toString(),
  });
  const sizes = DEPTH_OPTIONS.map((size) => size * WAD);
  const sold = heldE18 === 0n ? [] : [...sizes.filter((size) => size < heldE18), heldE18];
  return {
    strikeId: strike.strikeId.toString(),
    seriesId: venueSeriesId(site, { strikeId: strike.strikeId, isCall }),
    type: isCall ? "call" : "put",
    expiryMs: Number(strike.expirySeconds) * 1000,
    strikeUsd: unitsFromRaw(strike.strikeE8, 8),
    heldE18: heldE18.toString(),
    volatility: 0.8,
    premiumUsd: unitsFromRaw(premiumE8(state, strike, isCall), 8),
    mostToOpenUsd: unitsFromRaw(premiumLimitE8(state, o, true), 8),
    leastToCloseUsd: unitsFromRaw(premiumLimitE8(state, o, false), 8),
    deltaUnits,
    vegaUsdPerVolPoint,
    buy: sizes.map((size) => depth(size, 1n)),
    sell: sold.map((size) => depth(size, -1n)),
  };
}

function longLine(state: ShardState, long: Long, site: Site): VenueReading["options"] {
  const strike = strikeOf(state, long.strikeId);
  if (strike === undefined) return [];
  return [
    {
      kind: "option",
      venue: "lyra-v1",
      seriesId: venueSeriesId(site, long),
      underlying: "ETH",
      type: long.isCall ? "call" : "put",
      strikeUsd: unitsFromRaw(strike.strikeE8, 8),
      expiryMs: Number(strike.expirySeconds) * 1000,
      quantity: unitsFromRaw(long.quantityE18, 18),
    },
  ];
}
