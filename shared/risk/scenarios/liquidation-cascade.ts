import { requireNotNegative, requirePositive } from "#shared/risk/pricing/option-terms.ts";

/** A position others will be forced to close once spot passes its trigger. */
export type ForcedOrder = {
  /** Sold when spot is at or below the trigger; bought (a short being closed) when it is at or above. */
  readonly side: "sell" | "buy";
  readonly triggerUsd: number;
  /** Units of the underlying, >= 0. */
  readonly quantityUnits: number;
};

/** How forced flow moves the price: relative move = coefficient x (net units / depth)^power. */
export type PriceImpact = {
  readonly coefficient: number;
  /** Units the market trades in the time the forced flow takes. */
  readonly depthUnits: number;
  /** 0.5 for the square-root law, 1 for linear impact. */
  readonly power: number;
};

/** Where a cascade comes to rest. */
export type Cascade = {
  readonly spotUsd: number;
  /** Relative move from the start, first shock included: the spot shock to value books at. */
  readonly spotShock: number;
  /** Units sold (bought: negative) by force. */
  readonly forcedUnits: number;
  /** Times the fall set off further orders. */
  readonly rounds: number;
};

/**
 * Liquidation cascade: a first shock triggers forced orders, their impact moves spot further, which triggers more, until
 * nothing new is triggered. Orders once triggered stay, so it ends after at most as many rounds as there are orders.
 *
 * @param shock Spot before and the first relative move, above -1.
 * @throws {RangeError} If an input is out of its domain.
 */
export function liquidationCascade(
  shock: { readonly spotUsd: number; readonly spotShock: number },
  orders: readonly ForcedOrder[],
  impact: PriceImpact,
): Cascade {
  requirePositive("spotUsd", shock.spotUsd);
  requirePositive("1 + spotShock", 1 + shock.spotShock);
  requireNotNegative("coefficient", impact.coefficient);
  requirePositive("depthUnits", impact.depthUnits);
  requirePositive("power", impact.power);
  const shocked = shock.spotUsd * (1 + shock.spotShock);
  const triggered = new Set<ForcedOrder>();
  let spotUsd = shocked;
  for (let rounds = 0; ; rounds += 1) {
    const fresh = orders.filter((order) => !triggered.has(order) && isTriggered(order, spotUsd));
    const forcedUnits = netUnits(triggered);
    if (fresh.length === 0) {
      return { spotUsd, spotShock: spotUsd / shock.spotUsd - 1, forcedUnits, rounds };
    }
    for (const order of fresh) {
      triggered.add(order);
    }
    spotUsd = shocked * priceFactor(netUnits(triggered), impact);
  }
}

function isTriggered(order: ForcedOrder, spotUsd: number): boolean {
  requireNotNegative("quantityUnits", order.quantityUnits);
  return order.side === "sell" ? spotUsd <= order.triggerUsd : spotUsd >= order.triggerUsd;
}

/** Units sold less units bought. */
function netUnits(orders: Iterable<ForcedOrder>): number {
  let units = 0;
  for (const order of orders) {
    units += order.side === "sell" ? order.quantityUnits : -order.quantityUnits;
  }
  return units;
}

/** e^(-impact) of net sales, so that no flow takes the price to 0 or below. */
function priceFactor(soldUnits: number, impact: PriceImpact): number {
  const share = Math.abs(soldUnits) / impact.depthUnits;
  return Math.exp(-Math.sign(soldUnits) * impact.coefficient * share ** impact.power);
}
