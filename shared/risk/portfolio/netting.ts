import { type Greeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";

/** Greeks as whole numbers of quanta; every field is an integer within ±2^53. */
export type QuantisedGreeks = Greeks & { readonly quantised: true };

/** Size of one quantum of each Greek, in that Greek's own unit. All above zero. */
export type GreekQuanta = Greeks;

/** Largest sum of magnitudes that is still exact: 2^53. */
const EXACT_MAX = 2 ** 53;

/**
 * Quanta of all Greeks from the delta quantum of an underlying: delta and vanna in that many units,
 * vega, theta, rho and volga in that many USD, gamma in a millionth of it per USD.
 *
 * @throws {RangeError} If the quantum is not above zero.
 */
export function greekQuanta(deltaQuantumUnits: number): GreekQuanta {
  if (!Number.isFinite(deltaQuantumUnits) || deltaQuantumUnits <= 0) {
    throw new RangeError(`quantum: ${deltaQuantumUnits}; must be > 0`);
  }
  return mapGreeks(ZERO_GREEKS, (_zero, name) =>
    name === "gammaUnitsPerUsd" ? deltaQuantumUnits * 1e-6 : deltaQuantumUnits,
  );
}

/**
 * Each Greek rounded once, half to even, to a whole number of quanta. Round every shard x expiry figure
 * with this before summing, and the sum does not depend on the order or on how it is brought up to date.
 *
 * @param quantum Delta quantum in units (see {@link greekQuanta}) or one quantum per Greek.
 * @throws {RangeError} If a Greek is not finite, or is 2^53 quanta or more.
 */
export function quantiseGreeks(greeks: Greeks, quantum: number | GreekQuanta): QuantisedGreeks {
  const quanta = typeof quantum === "number" ? greekQuanta(quantum) : quantum;
  const rounded = mapGreeks(greeks, (value, name) => {
    const count = roundHalfEven(value / quanta[name]);
    if (!(Math.abs(count) <= EXACT_MAX)) {
      throw new RangeError(
        `${name}: ${value} is ${count} quanta of ${quanta[name]}; must be within ±2^53`,
      );
    }
    return count;
  });
  return { ...rounded, quantised: true };
}

/**
 * Exact sum of quantised Greeks: the same bits in any order.
 *
 * A sum is refused when the magnitudes added together pass 2^53, whatever their signs: so whether it is
 * refused does not depend on the order either.
 *
 * @throws {RangeError} On that overflow; the message names the Greek.
 */
export function netGreeks(parts: Iterable<QuantisedGreeks>): QuantisedGreeks {
  const list = [...parts];
  const sum = mapGreeks(ZERO_GREEKS, (_zero, name) => {
    let net = 0;
    let gross = 0;
    for (const part of list) {
      net += part[name];
      gross += Math.abs(part[name]);
    }
    if (gross > EXACT_MAX - 1) {
      throw new RangeError(
        `${name}: ${list.length} parts of ${gross} quanta in all; must stay below 2^53`,
      );
    }
    return net;
  });
  return { ...sum, quantised: true };
}

/** The other side of a quantised part: add it to take the part away from a net. */
export function negateGreeks(part: QuantisedGreeks): QuantisedGreeks {
  return { ...mapGreeks(part, (value) => (value === 0 ? 0 : -value)), quantised: true };
}

/** Quanta back to the Greeks' own units. */
export function greeksOfQuanta(net: QuantisedGreeks, quantum: number | GreekQuanta): Greeks {
  const quanta = typeof quantum === "number" ? greekQuanta(quantum) : quantum;
  return mapGreeks(net, (count, name) => count * quanta[name]);
}

/** Nearest integer, ties to the even one; keeps no negative zero. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return (isUp ? floor + 1 : floor) + 0;
}
