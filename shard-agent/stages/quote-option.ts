import type {
  OptionQuote,
  OptionRequest,
  QuoteRefusalCode,
  QuoteTerms,
} from "#shard-agent/records/option-request.ts";
import {
  isSameAddress,
  type ShardScope,
  type UnderlyingScope,
} from "#shard-agent/records/shard-scope.ts";
import type { HedgeAsset, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { staleFeeds } from "#shard-agent/stages/check-health.ts";
import {
  liveSlices,
  PRICE_DECIMALS,
  priceUsd,
  QUANTITY_DECIMALS,
} from "#shard-agent/stages/value-book.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";
import { volatilityAt } from "#shared/risk/volatility/volatility-surface.ts";
import { yearsBetween } from "#shared/units/time.ts";
import {
  rawFromUnitsDown,
  rawFromUnitsNearest,
  rawFromUnitsUp,
  unitsFromRaw,
} from "#shared/units/token-amount.ts";

/** The lowest volatility the vault buys at, however wide the spread. */
const VOLATILITY_MIN = 0.01;
/** Strikes are quoted between spot / 10 and spot x 10. */
const STRIKE_RANGE_FACTOR = 10;
/** A quantity is rounded to this many decimals before it becomes 18 on chain. */
const REQUEST_DECIMALS = 9;

/** The world a price is made in. */
export type QuoteConditions = {
  readonly nowMs: number;
  readonly snapshot: ShardSnapshot;
  /** Block timestamp of the newest published report; null when there is none. */
  readonly reportBlockTimestampMs: number | null;
  /** What the taker is long of the series at the head; 18 decimals. */
  readonly takerLongE18: bigint;
  /** Unordered one-time number. */
  readonly nonce: bigint;
};

/** A price, or why there is none. */
export type QuoteOutcome =
  | {
      readonly quoted: true;
      readonly quote: OptionQuote;
      /** Total premium in USD at the settlement asset's own price. */
      readonly premiumUsd: number;
      /** Volatility the premium was made with. */
      readonly volatility: number;
      /** Change of the vault's delta when the quote is used, at mid volatility. */
      readonly deltaUnits: number;
    }
  | QuoteRefusal;

type QuoteRefusal = {
  readonly quoted: false;
  readonly code: QuoteRefusalCode;
  readonly detail: string;
};

/**
 * Price of one option trade: Black-Scholes on the chain's own feeds with the half-spread added to the
 * volatility when the vault sells and taken off when it buys. The premium is rounded against the taker
 * and, for a sale, never below intrinsic value, which the book would refuse. Without limits on spot a
 * signed quote would be an option of its own: the book refuses it once spot has left `spotMin`..`spotMax`.
 */
export function quoteOption(
  request: OptionRequest,
  conditions: QuoteConditions,
  terms: QuoteTerms,
  scope: ShardScope,
): QuoteOutcome {
  const refusal = refuseConditions(conditions, scope);
  if (refusal !== null) return refusal;
  const underlying = scope.underlyings.find((one) => one.ticker === request.underlying);
  const asset = conditions.snapshot.hedgeAssets.find(
    (one) => underlying !== undefined && isSameAddress(one.token, underlying.token),
  );
  if (underlying === undefined || asset === undefined) {
    const known = scope.underlyings.map((one) => one.ticker).join(", ");
    return refuse(
      "unsupported-underlying",
      `underlying: found ${request.underlying}; quoted: ${known}`,
    );
  }
  const slices = liveSlices(asset.slices, conditions.nowMs);
  const series = { underlying, asset, slices, spotUsd: priceUsd(asset.price, underlying.source) };
  return (
    refuseSeries(request, conditions, terms, series) ??
    price(request, conditions, terms, { ...series, scope })
  );
}

type SeriesMarket = {
  readonly underlying: UnderlyingScope;
  readonly asset: HedgeAsset;
  readonly slices: readonly SviSlice[];
  readonly spotUsd: number;
};

function refuseConditions(conditions: QuoteConditions, scope: ShardScope): QuoteRefusal | null {
  if (conditions.snapshot.paused) return refuse("vault-paused", "the vault is paused");
  if (conditions.reportBlockTimestampMs === null)
    return refuse("report-stale", "no report is published yet");
  const ageMs = conditions.nowMs - conditions.reportBlockTimestampMs;
  if (ageMs > scope.staleAfterMs) {
    return refuse(
      "report-stale",
      `newest report: ${ageMs} ms old; the limit is ${scope.staleAfterMs} ms`,
    );
  }
  const stale = staleFeeds(conditions.snapshot, scope)[0];
  if (stale === undefined) return null;
  return refuse(
    "feed-stale",
    `${stale.what} of ${stale.token}: ${stale.ageMs} ms old; the limit is ${scope.feedMaxAgeMs} ms`,
  );
}

function refuseSeries(
  request: OptionRequest,
  conditions: QuoteConditions,
  terms: QuoteTerms,
  market: SeriesMarket,
): QuoteRefusal | null {
  const endMs = conditions.nowMs + terms.lifetimeMs;
  if (request.expiryMs <= endMs) {
    return refuse(
      "expires-too-soon",
      `expiryMs: found ${request.expiryMs}; must be later than ${endMs}, when the quote ends`,
    );
  }
  if (!market.slices.some((slice) => slice.expiryMs === request.expiryMs)) {
    const listed = market.slices.map((slice) => slice.expiryMs).join(", ") || "none";
    return refuse("unsupported-expiry", `expiryMs: found ${request.expiryMs}; listed: ${listed}`);
  }
  const [lowestUsd, highestUsd] = [
    market.spotUsd / STRIKE_RANGE_FACTOR,
    market.spotUsd * STRIKE_RANGE_FACTOR,
  ];
  if (request.strikeUsd < lowestUsd || request.strikeUsd > highestUsd) {
    return refuse(
      "unsupported-strike",
      `strikeUsd: found ${request.strikeUsd}; quoted: ${lowestUsd} to ${highestUsd}`,
    );
  }
  if (request.quantity > terms.quantityMax) {
    return refuse(
      "quantity-too-large",
      `quantity: found ${request.quantity}; the limit is ${terms.quantityMax}`,
    );
  }
  if (
    request.side === "sell" &&
    request.type === "call" &&
    quantityE18(request) > conditions.takerLongE18
  ) {
    const heldUnits = unitsFromRaw(conditions.takerLongE18, QUANTITY_DECIMALS);
    return refuse(
      "call-not-held",
      `quantity: found ${request.quantity}; calls can only be sold back, and the taker is long ${heldUnits}`,
    );
  }
  return null;
}

function price(
  request: OptionRequest,
  conditions: QuoteConditions,
  terms: QuoteTerms,
  market: SeriesMarket & { scope: ShardScope },
): QuoteOutcome {
  const { spotUsd, slices } = market;
  const vaultSells = request.side === "buy";
  const { type, expiryMs } = request;
  // The strike that is signed: digits beyond it would be the taker's.
  const strikeUsd = unitsFromRaw(strikeE8(request), PRICE_DECIMALS);
  const midVolatility = volatilityAt(slices, {
    forwardUsd: spotUsd,
    strikeUsd,
    expiryMs,
    nowMs: conditions.nowMs,
  });
  const spread = vaultSells ? terms.halfSpreadVolatility : -terms.halfSpreadVolatility;
  const volatility = Math.max(VOLATILITY_MIN, midVolatility + spread);
  const years = yearsBetween(conditions.nowMs, expiryMs);
  const option = { type, spotUsd, strikeUsd, years, rate: 0, carry: 0 };
  const valueUnits =
    blackScholes({ ...option, volatility }).priceUsd *
    unitsFromRaw(quantityE18(request), QUANTITY_DECIMALS);
  const mid = blackScholes({ ...option, volatility: Math.max(VOLATILITY_MIN, midVolatility) });
  const premium = premiumRaw(request, Math.max(0, valueUnits), market);
  const settlementUsd = priceUsd(
    conditions.snapshot.settlement.price,
    market.scope.settlement.ticker,
  );
  const premiumUsd = unitsFromRaw(premium, market.scope.settlement.decimals) * settlementUsd;
  const isClosing = request.side === "sell" && quantityE18(request) <= conditions.takerLongE18;
  // What a taker holds it can always sell back, however little it has become worth.
  const leastUsd = isClosing ? 0 : terms.premiumMinUsd;
  if (premium === 0n || premiumUsd < leastUsd)
    return refuse(
      "premium-too-small",
      `quantity: found ${request.quantity}, worth ${premiumUsd} USD; must be worth more than 0 and at least ${leastUsd} USD`,
    );
  const spotMoveMaxUsd = spotUsd * terms.spotMoveMaxFraction;
  return {
    quoted: true,
    quote: {
      taker: request.taker,
      underlying: market.underlying.token,
      isCall: type === "call",
      vaultSells,
      expiry: BigInt(expiryMs / 1000),
      strike: strikeE8(request),
      quantity: quantityE18(request),
      premium,
      spotMin: rawFromUnitsUp(spotUsd - spotMoveMaxUsd, PRICE_DECIMALS),
      spotMax: rawFromUnitsDown(spotUsd + spotMoveMaxUsd, PRICE_DECIMALS),
      nonce: conditions.nonce,
      deadline: BigInt(Math.floor((conditions.nowMs + terms.lifetimeMs) / 1000)),
    },
    premiumUsd,
    volatility,
    deltaUnits: (vaultSells ? -1 : 1) * mid.deltaUnits * request.quantity,
  };
}

/**
 * Premium in the settlement asset: rounded up when the vault receives it, down when it pays. The book
 * pays one unit of the settlement asset per dollar of payoff, so its price does not enter.
 */
function premiumRaw(
  request: OptionRequest,
  valueUnits: number,
  market: SeriesMarket & { scope: ShardScope },
): bigint {
  const { decimals } = market.scope.settlement;
  if (request.side === "sell") return rawFromUnitsDown(valueUnits, decimals);
  const floor = intrinsicRawUp(request, market.asset.price.priceE8, decimals);
  const value = rawFromUnitsUp(valueUnits, decimals);
  if (value < floor) return floor;
  return value;
}

/** Intrinsic value in settlement-asset units, rounded up, in exact integers as the book computes it. */
function intrinsicRawUp(request: OptionRequest, spotE8: bigint, decimals: number): bigint {
  const differenceE8 =
    request.type === "call" ? spotE8 - strikeE8(request) : strikeE8(request) - spotE8;
  if (differenceE8 <= 0n) return 0n;
  const numerator = differenceE8 * quantityE18(request) * 10n ** BigInt(decimals);
  const denominator = 10n ** BigInt(PRICE_DECIMALS + QUANTITY_DECIMALS);
  return (numerator + denominator - 1n) / denominator;
}

function strikeE8(request: OptionRequest): bigint {
  return rawFromUnitsNearest(request.strikeUsd, PRICE_DECIMALS);
}

function quantityE18(request: OptionRequest): bigint {
  return (
    rawFromUnitsNearest(request.quantity, REQUEST_DECIMALS) *
    10n ** BigInt(QUANTITY_DECIMALS - REQUEST_DECIMALS)
  );
}

function refuse(code: QuoteRefusalCode, detail: string): QuoteRefusal {
  return { quoted: false, code, detail };
}
