/**
 * The one place where money (`bigint`, in a token's own decimals) and risk (`number`) meet.
 * The name of each function says which way it rounds.
 */

/** Token units as a number, for risk only: 1_500_000n at 6 decimals is 1.5. Nearest double. */
export function unitsFromRaw(amountRaw: bigint, decimals: number): number {
  return Number(amountRaw) / 10 ** decimals;
}

/**
 * Raw token amount of a number of units, rounded towards zero.
 *
 * @throws {RangeError} If `units` is negative or not finite.
 */
export function rawFromUnitsDown(units: number, decimals: number): bigint {
  return rawFromUnits(units, decimals, "down");
}

/**
 * Raw token amount of a number of units, rounded away from zero.
 *
 * @throws {RangeError} If `units` is negative or not finite.
 */
export function rawFromUnitsUp(units: number, decimals: number): bigint {
  return rawFromUnits(units, decimals, "up");
}

function rawFromUnits(units: number, decimals: number, rounding: "down" | "up"): bigint {
  if (!Number.isFinite(units) || units < 0) {
    throw new RangeError(`units: ${units}; must be a finite number >= 0`);
  }
  const fraction = exactFraction(units);
  const scaled = fraction.numerator * 10n ** BigInt(decimals);
  const floor = scaled / fraction.denominator;
  const isExact = floor * fraction.denominator === scaled;
  return rounding === "up" && !isExact ? floor + 1n : floor;
}

/** A double is a dyadic rational; scaling by two until it is whole loses nothing. */
function exactFraction(value: number): { numerator: bigint; denominator: bigint } {
  let mantissa = value;
  let denominator = 1n;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(mantissa), denominator };
}

/**
 * Raw amount nearest to a number that a person wrote down, such as a strike of 2000.1, which no double
 * holds exactly. Never for amounts that move.
 *
 * @throws {RangeError} If `units` is negative, not finite, or too large for 2^53 raw units.
 */
export function rawFromUnitsNearest(units: number, decimals: number): bigint {
  const scaled = Math.round(units * 10 ** decimals);
  if (!Number.isSafeInteger(scaled) || scaled < 0) {
    throw new RangeError(
      `units: ${units}; must be in [0, ${Number.MAX_SAFE_INTEGER / 10 ** decimals}]`,
    );
  }
  return BigInt(scaled);
}
