import {
  isSameAddress,
  type ShardScope,
  type UnderlyingScope,
  underlyingOfToken,
} from "#shard-agent/records/shard-scope.ts";
import type { FeedPrice, RawSlice, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { ValuedBook } from "#shard-agent/records/valuation.ts";
import { markOptions, type UnmarkedOption } from "#shard-agent/stages/mark-options.ts";
import { FatalError } from "#shared/errors.ts";
import { type ChainValuer, chainValuer } from "#shared/risk/portfolio/option-chain.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";
import type { Hex } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CollateralLine } from "#shared/wire/shard-report.ts";

/** Decimals of feed prices and strikes on chain. */
export const PRICE_DECIMALS = 8;
/** Decimals of option quantities and volatility parameters on chain. */
export const QUANTITY_DECIMALS = 18;

/**
 * Market, collateral and option lines of one snapshot. Marks are USD per option, quantities are the
 * vault's (positive long). Series that expired and are not settled yet stay in the book, marked at
 * intrinsic value: of the price they will settle at where it is known, else of the current spot.
 *
 * @param settlementPrices Of expired series by id, 8 decimals.
 * @param valueChain By default a new one.
 * @throws {FatalError} `unknown-hedge-asset` if the vault may hold a token that is not configured,
 * `bad-price` if a feed answers zero or less.
 */
export function valueBook(
  snapshot: ShardSnapshot,
  scope: ShardScope,
  settlementPrices: ReadonlyMap<Hex, bigint> = new Map(),
  valueChain: ChainValuer = chainValuer(STANDARD_GRID),
): ValuedBook {
  const asOfMs = snapshot.block.timestampMs;
  const market = snapshot.hedgeAssets.map((asset) => {
    const underlying = knownUnderlying(scope, asset.token);
    return {
      underlying: underlying.ticker,
      source: underlying.source,
      spotUsd: priceUsd(asset.price, underlying.source),
      spotUpdatedAtMs: asset.price.updatedAtMs,
      volatility: liveSlices(asset.slices, asOfMs),
    };
  });
  const collateral = collateralLines(snapshot, scope);
  const options = [
    ...ownOptions(snapshot.series, scope),
    ...snapshot.venues.flatMap((venue) => venue.options),
  ];
  const settlementUsd = (seriesId: Hex) => {
    const priceE8 = settlementPrices.get(seriesId);
    return priceE8 === undefined ? undefined : unitsFromRaw(priceE8, PRICE_DECIMALS);
  };
  const marked = markOptions(options, market, { asOfMs, settlementUsd, valueChain });
  const perps = snapshot.venues.flatMap((venue) => venue.perps);
  return { asOfMs, market, collateral, ...marked, perps };
}

/** Volatility slices that have not expired, as risk numbers, ascending by expiry. */
export function liveSlices(
  slices: readonly RawSlice[],
  nowMs: number,
): (SviSlice & { updatedAtMs: number })[] {
  return slices
    .map((slice) => ({
      expiryMs: Number(slice.expirySeconds) * 1000,
      a: unitsFromRaw(slice.aE18, QUANTITY_DECIMALS),
      b: unitsFromRaw(slice.bE18, QUANTITY_DECIMALS),
      rho: unitsFromRaw(slice.rhoE18, QUANTITY_DECIMALS),
      m: unitsFromRaw(slice.mE18, QUANTITY_DECIMALS),
      sigma: unitsFromRaw(slice.sigmaE18, QUANTITY_DECIMALS),
      updatedAtMs: slice.updatedAtMs,
    }))
    .filter((slice) => slice.expiryMs > nowMs)
    .sort((one, other) => one.expiryMs - other.expiryMs);
}

/**
 * USD per unit of a feed's price.
 *
 * @throws {FatalError} `bad-price` if the feed answers zero or less.
 */
export function priceUsd(price: FeedPrice, source: string): number {
  if (price.priceE8 <= 0n) {
    throw new FatalError(
      "bad-price",
      `Feed ${source}: found ${price.priceE8}; a price must be above 0.`,
    );
  }
  return unitsFromRaw(price.priceE8, PRICE_DECIMALS);
}

function knownUnderlying(scope: ShardScope, token: `0x${string}`): UnderlyingScope {
  const underlying = underlyingOfToken(scope, token);
  if (underlying !== undefined) return underlying;
  const known = scope.underlyings.map((one) => `${one.ticker} ${one.token}`).join(", ");
  throw new FatalError(
    "unknown-hedge-asset",
    `Hedge asset ${token} of the vault is not configured; known: ${known}.`,
  );
}

function collateralLines(snapshot: ShardSnapshot, scope: ShardScope): CollateralLine[] {
  const settlement: CollateralLine = {
    asset: scope.settlement.ticker,
    token: snapshot.settlement.token,
    underlying: null,
    amountRaw: snapshot.settlement.balanceRaw.toString(),
    decimals: scope.settlement.decimals,
    location: "vault",
    priceUsd: priceUsd(snapshot.settlement.price, scope.settlement.ticker),
    priceUpdatedAtMs: snapshot.settlement.price.updatedAtMs,
  };
  const hedges = snapshot.hedgeAssets.map((asset): CollateralLine => {
    const underlying = knownUnderlying(scope, asset.token);
    return {
      asset: underlying.ticker,
      token: asset.token,
      underlying: underlying.ticker,
      amountRaw: asset.balanceRaw.toString(),
      decimals: underlying.decimals,
      location: "vault",
      priceUsd: priceUsd(asset.price, underlying.source),
      priceUpdatedAtMs: asset.price.updatedAtMs,
    };
  });
  const inVault = [settlement, ...hedges];
  return [...inVault, ...venueLines(snapshot, inVault)];
}

/**
 * What lies at venues, at the price of the same asset in the vault; nothing of what is empty. Accounts whose cash is of one
 * kind, such as margin and an option account's, are one line: a report names an asset at a place once.
 */
function venueLines(snapshot: ShardSnapshot, inVault: readonly CollateralLine[]): CollateralLine[] {
  const found = new Map<string, CollateralLine>();
  for (const { token, amountRaw, location } of snapshot.venues.flatMap((one) => one.collateral)) {
    const line = inVault.find((one) => isSameAddress(one.token, token));
    if (line === undefined || amountRaw === 0n) continue;
    const key = `${line.token} ${location}`;
    const beforeRaw = BigInt(found.get(key)?.amountRaw ?? "0");
    found.set(key, { ...line, location, amountRaw: (beforeRaw + amountRaw).toString() });
  }
  return [...found.values()];
}

/** Lines of a book that stands still are the same from block to block. */
const ownLines = new WeakMap<
  ShardSnapshot["series"],
  { readonly scope: ShardScope; readonly lines: readonly UnmarkedOption[] }
>();

function ownOptions(series: ShardSnapshot["series"], scope: ShardScope): readonly UnmarkedOption[] {
  const known = ownLines.get(series);
  if (known?.scope === scope) return known.lines;
  const lines = series.map((one): UnmarkedOption => {
    return {
      kind: "option",
      venue: "option-book",
      seriesId: one.seriesId,
      underlying: knownUnderlying(scope, one.underlying).ticker,
      type: one.isCall ? "call" : "put",
      strikeUsd: unitsFromRaw(one.strikeE8, PRICE_DECIMALS),
      expiryMs: Number(one.expirySeconds) * 1000,
      quantity: unitsFromRaw(one.takersShortE18 - one.takersLongE18, QUANTITY_DECIMALS),
    };
  });
  ownLines.set(series, { scope, lines });
  return lines;
}
