import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { seededRandom } from "#test/support/maths/seeded-random.ts";

/** How far from the feeds a venue may be, on either side. */
const OFF_MAX = 0.006;

/**
 * A pass whose venues and feeds do not agree: every pool and perpetual trades somewhere beside the spot, some stretch of a
 * depth is cheaper than the one before, and every shard's own feed is a little off. The same seed gives the same pass.
 */
export function distorted(input: PassInput, seed: number): PassInput {
  const random = seededRandom(seed);
  return { ...input, entries: input.entries.map((entry) => distort(entry, random)) };
}

function distort({ report, acceptedAtMs }: BookEntry, random: () => number): BookEntry {
  const off = (): number => 1 + (2 * random() - 1) * OFF_MAX;
  const scaled = (raw: string, by: number): string => {
    return ((BigInt(raw) * BigInt(Math.round(by * 1e9))) / 10n ** 9n).toString();
  };
  const market = report.market.map((line) => ({
    ...line,
    spotUsd: line.spotUsd * (1 + (off() - 1) / 4),
  }));
  const capacity = report.capacity.map((line) => {
    const by = off();
    // The first steps of some depths are dearer than the next: a venue may well take a fee for itself.
    const first = random() < 0.5 ? 0 : 0.002 * random();
    return {
      ...line,
      buy: line.buy.map((point, at) => ({
        ...point,
        amountInRaw: scaled(point.amountInRaw, by * (1 + first / (at + 1))),
      })),
      sell: line.sell.map((point, at) => ({
        ...point,
        amountOutRaw: scaled(point.amountOutRaw, by * (1 - first / (at + 1))),
      })),
    };
  });
  const perps = report.perps.map((line) => {
    const by = off();
    const quoted = (points: typeof line.buy) => {
      return points.map((point) => ({ ...point, quoteE18: scaled(point.quoteE18, by) }));
    };
    return { ...line, markUsd: line.markUsd * by, buy: quoted(line.buy), sell: quoted(line.sell) };
  });
  return { report: { ...report, market, capacity, perps }, acceptedAtMs };
}
