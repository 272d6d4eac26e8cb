import { EMPTY_READING, type VenueReading } from "#shard-agent/records/shard-snapshot.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { LendingLine, PerpLine } from "#shared/wire/shard-report.ts";
import { toldMarginRatio } from "#shared/wire/told-ratio.ts";
import { heldAtRaw } from "#test/simulation/desk/held.ts";
import { optionReading } from "#test/simulation/desk/option-reading.ts";
import {
  exposureE18,
  freeMarginRaw,
  INITIAL_MARGIN_MILLIONTHS,
  MAINTENANCE_MARGIN_MILLIONTHS,
  PERP_FEE_MILLIONTHS,
  perpQuoteE18,
  valueE18,
} from "#test/simulation/desk/perp-market.ts";
import { priceE8 } from "#test/simulation/world/price.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import { SETTLEMENT_DECIMALS, type Site } from "#test/simulation/world/site.ts";

const RATE_PER_YEAR = 0.2;
const POOL_CASH_RAW = 10n ** 14n;
const DEPTH_USD = [1_000, 10_000, 50_000, 150_000];
const GAS_UNITS = 400_000;

/** What the shard's venues say at a block of that time, in the words of the agent's venue files. */
export function venueReadings(state: ShardState, site: Site, nowSeconds: number): VenueReading[] {
  const { aave, curie, lyra } = site.venues;
  const token = site.settlementToken;
  const held = (venue: "aave" | "curie", location: "lending" | "venue-margin") => {
    return { collateral: [{ token, amountRaw: heldAtRaw(state, venue), location }] };
  };
  return [
    ...(aave === null
      ? []
      : [
          {
            ...EMPTY_READING,
            ...held("aave", "lending"),
            lending: [lendingLine(state, site, aave)],
          },
        ]),
    ...(curie === null
      ? []
      : [
          {
            ...EMPTY_READING,
            ...held("curie", "venue-margin"),
            perps: [perpLine(state, site, curie)],
          },
        ]),
    ...(lyra === null ? [] : [optionReading(state, { site, adapter: lyra, nowSeconds })]),
  ];
}

function lendingLine(
  { desk, rounds }: ShardState,
  site: Site,
  adapter: `0x${string}`,
): LendingLine {
  return {
    venue: "aave-v3",
    adapter,
    asset: "USDX",
    token: site.settlementToken,
    decimals: SETTLEMENT_DECIMALS,
    suppliedRaw: desk.suppliedRaw.toString(),
    healthFactor: null,
    supplyRatePerYear: RATE_PER_YEAR,
    availableRaw: POOL_CASH_RAW.toString(),
    supplyRoomRaw: null,
    acceptsSupply: !desk.isClosed,
    allowsWithdrawal: true,
    gasUnits: GAS_UNITS,
    oracleUpdatedAtMs: rounds.at(-1)?.updatedAtMs ?? 0,
  };
}

function perpLine(state: ShardState, site: Site, adapter: `0x${string}`): PerpLine {
  const { desk, rounds } = state;
  const spotUsd = unitsFromRaw(priceE8(state), 8);
  const exposure = exposureE18(state);
  const depth = (isBuy: boolean): PerpLine["buy"] =>
    DEPTH_USD.map((usd) => BigInt(Math.round((usd / spotUsd) * 1e6)) * 10n ** 12n).map((size) => ({
      sizeE18: size.toString(),
      quoteE18: perpQuoteE18(state, size, isBuy).toString(),
    }));
  return {
    venue: "curie",
    adapter,
    market: site.venues.market,
    underlying: "ETH",
    marginToken: site.settlementToken,
    marginDecimals: SETTLEMENT_DECIMALS,
    sizeE18: desk.perp.sizeE18.toString(),
    openNotionalUsd: unitsFromRaw(desk.perp.openE18, 18),
    markUsd: spotUsd,
    indexUsd: spotUsd,
    accountValueUsd: unitsFromRaw(valueE18(state), 18),
    freeMarginRaw: freeMarginRaw(state).toString(),
    marginRatio: toldMarginRatio(valueE18(state), exposure),
    initialMarginFraction: Number(INITIAL_MARGIN_MILLIONTHS) / 1e6,
    maintenanceMarginFraction: Number(MAINTENANCE_MARGIN_MILLIONTHS) / 1e6,
    marginRatioFloor: 0,
    fundingFractionPerDay: Number(desk.perp.ratePerDayE18) / 1e18,
    pendingFundingUsd: unitsFromRaw(desk.perp.fundingE18, 18),
    feeFraction: Number(PERP_FEE_MILLIONTHS) / 1e6,
    gasUnits: GAS_UNITS,
    marginGasUnits: GAS_UNITS,
    acceptsTrades: !desk.isClosed,
    isIndexTimedOut: false,
    indexUpdatedAtMs: rounds.at(-1)?.updatedAtMs ?? 0,
    buy: depth(true),
    sell: depth(false),
  };
}
