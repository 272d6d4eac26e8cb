import {
  type GreekQuanta,
  greeksOfQuanta,
  type QuantisedGreeks,
  quantiseGreeks,
} from "#shared/risk/portfolio/netting.ts";
import { GREEK_NAMES, type Greeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";

/** Net Greeks of many shards, brought up to date one report at a time. */
export type NetBook = {
  /**
   * Replaces all buckets of one shard. Buckets not named are empty from now on.
   *
   * @param buckets Greeks by bucket key, such as `ETH 1767225600000`; each is rounded once.
   * @throws {RangeError} If a figure or a net would pass 2^53 quanta; the book is then as it was before.
   */
  readonly replace: (shard: string, buckets: ReadonlyMap<string, Greeks>) => void;
  /** Net of one bucket in the Greeks' own units; zero when nobody holds it. */
  readonly net: (bucket: string) => Greeks;
  /** Net of one bucket in whole quanta. */
  readonly netQuanta: (bucket: string) => QuantisedGreeks;
  /** Keys of all buckets anyone holds or has held. */
  readonly buckets: () => readonly string[];
};

const WIDTH = GREEK_NAMES.length;
const EXACT_MAX = 2 ** 53;

/**
 * An incremental net over shards: replacing one shard's part costs its own buckets only, and leaves exactly the bits
 * that summing everything again would give, in any order, because all sums are whole numbers below 2^53. A net whose
 * gross (sum of magnitudes) would reach 2^53 quanta is refused.
 *
 * @param quanta One quantum per Greek, or what greekQuanta makes of a delta quantum, per bucket key.
 */
export function netBook(quanta: (bucket: string) => number | GreekQuanta): NetBook {
  const rows = new Map<string, number>();
  let net = new Float64Array(64 * WIDTH);
  let gross = new Float64Array(64 * WIDTH);
  const held = new Map<string, ReadonlyMap<string, QuantisedGreeks>>();

  const rowOf = (bucket: string): number => {
    const known = rows.get(bucket);
    if (known !== undefined) {
      return known;
    }
    const row = rows.size;
    rows.set(bucket, row);
    if ((row + 1) * WIDTH > net.length) {
      net = grown(net);
      gross = grown(gross);
    }
    return row;
  };
  const add = (part: ReadonlyMap<string, QuantisedGreeks>, sign: 1 | -1): void => {
    for (const [bucket, greeks] of part) {
      const start = rowOf(bucket) * WIDTH;
      GREEK_NAMES.forEach((name, column) => {
        net[start + column] = (net[start + column] ?? 0) + sign * greeks[name] + 0;
        gross[start + column] = (gross[start + column] ?? 0) + sign * Math.abs(greeks[name]);
      });
    }
  };
  const netQuanta = (bucket: string): QuantisedGreeks => {
    const start = (rows.get(bucket) ?? Number.NaN) * WIDTH;
    const at = mapGreeks(ZERO_GREEKS, (_zero, name) => net[start + GREEK_NAMES.indexOf(name)] ?? 0);
    return { ...at, quantised: true };
  };
  return {
    replace: (shard, buckets) => {
      const fresh = new Map(
        [...buckets].map(([key, greeks]) => [key, quantiseGreeks(greeks, quanta(key))]),
      );
      const gone = held.get(shard) ?? new Map<string, QuantisedGreeks>();
      add(gone, -1);
      const over = [...fresh].find(([key, greeks]) => isOver(gross, rowOf(key), greeks));
      if (over !== undefined) {
        add(gone, 1);
        throw new RangeError(`bucket ${over[0]}: the gross would reach 2^53 quanta`);
      }
      add(fresh, 1);
      held.set(shard, fresh);
    },
    net: (bucket) => greeksOfQuanta(netQuanta(bucket), quanta(bucket)),
    netQuanta,
    buckets: () => [...rows.keys()],
  };
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** Whether adding the part would reach 2^53; the terms are below it, so the comparison is exact. */
function isOver(gross: Float64Array, row: number, part: QuantisedGreeks): boolean {
  return GREEK_NAMES.some(
    (name, column) => (gross[row * WIDTH + column] ?? 0) + Math.abs(part[name]) >= EXACT_MAX,
  );
}
