import { rawFromUnitsDown } from "#shared/units/token-amount.ts";

/** A trade of this part of a position is meant to close it. */
const CLOSES_FROM = 1 - 1e-9;

/**
 * Size of a trade that takes a position back, raw, unsigned: the position to its last unit where it is all but closed, and
 * never more. Doubles hold fewer digits than positions: one rounded up would turn it, which the desk refuses.
 *
 * @param held Position that is there, 18 decimals, whatever its sign.
 */
export function closingSizeRaw(units: number, held: string): bigint {
  const raw = rawFromUnitsDown(units, 18);
  const signed = BigInt(held);
  const whole = signed < 0n ? -signed : signed;
  return Number(raw) >= CLOSES_FROM * Number(whole) ? whole : raw;
}
