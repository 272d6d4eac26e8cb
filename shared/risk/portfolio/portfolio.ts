import type { CollateralLine } from "#shared/risk/portfolio/collateral.ts";
import {
  addPositionValues,
  type Position,
  type PositionValue,
  valuePosition,
  ZERO_POSITION_VALUE,
} from "#shared/risk/portfolio/position.ts";
import type { OptionPosition } from "#shared/risk/pricing/option-position.ts";
import type { UnderlyingMarket } from "#shared/risk/volatility/underlying-market.ts";

/** One sub-pool of the book. */
export type ShardBook = {
  readonly id: string;
  readonly collateral: readonly CollateralLine[];
  readonly positions: readonly Position[];
};

/** One market per underlying, all as of the same instant. */
export type Markets = ReadonlyMap<string, UnderlyingMarket>;

/** Sensitivities of one underlying, whole and by expiry; spot and perpetuals stand under null. */
export type UnderlyingExposure = {
  readonly total: PositionValue;
  readonly byExpiry: ReadonlyMap<number | null, PositionValue>;
};

/** @throws {RangeError} If the underlying has no market. */
export function marketOf(markets: Markets, underlying: string): UnderlyingMarket {
  const market = markets.get(underlying);
  if (market === undefined) {
    throw new RangeError(`market.${underlying}: missing; every underlying held must have a market`);
  }
  return market;
}

/** Expiry of a position in Unix milliseconds, or null when it has none. */
export function expiryOf(position: Position): number | null {
  return "expiryMs" in position ? position.expiryMs : null;
}

/**
 * Everything of a shard that moves with a market: its positions, and its collateral in an underlying as spot. The value
 * of collateral is counted apart; `isCollateral` tells the two.
 */
export function exposuresOf(
  shard: ShardBook,
  markets: Markets,
): readonly { position: Position; isCollateral: boolean }[] {
  const held = shard.collateral
    .filter((line) => markets.has(line.asset) && line.amount !== 0)
    .map((line) => ({
      position: { kind: "spot", underlying: line.asset, quantity: line.amount } as const,
      isCollateral: true,
    }));
  return [...shard.positions.map((position) => ({ position, isCollateral: false })), ...held];
}

/**
 * Greeks and value of shards per underlying and expiry. Collateral in an underlying carries delta, not value.
 *
 * @throws {RangeError} If an underlying has no market, or as valuePosition.
 */
export function exposureByUnderlying(
  shards: readonly ShardBook[],
  markets: Markets,
): Map<string, UnderlyingExposure> {
  const exposures = new Map<
    string,
    { total: PositionValue; byExpiry: Map<number | null, PositionValue> }
  >();
  for (const shard of shards) {
    for (const { position, isCollateral } of exposuresOf(shard, markets)) {
      const value = valuePosition(position, marketOf(markets, position.underlying));
      const counted = isCollateral ? { ...value, valueUsd: 0 } : value;
      const so = exposures.get(position.underlying) ?? {
        total: ZERO_POSITION_VALUE,
        byExpiry: new Map(),
      };
      const expiry = expiryOf(position);
      so.byExpiry.set(
        expiry,
        addPositionValues(so.byExpiry.get(expiry) ?? ZERO_POSITION_VALUE, counted),
      );
      exposures.set(position.underlying, { ...so, total: addPositionValues(so.total, counted) });
    }
  }
  return exposures;
}

/** The options among the shards' positions, by underlying. */
export function optionsByUnderlying(shards: readonly ShardBook[]): Map<string, OptionPosition[]> {
  const options = new Map<string, OptionPosition[]>();
  for (const shard of shards) {
    for (const position of shard.positions) {
      if (position.kind === "option") {
        options.set(position.underlying, [...(options.get(position.underlying) ?? []), position]);
      }
    }
  }
  return options;
}
