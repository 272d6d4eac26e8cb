import type { BucketMarket } from "#shared/risk/kernel/bucket-record.ts";
import type { Kernel } from "#shared/risk/kernel/kernel.ts";
import { type OptionTable, optionTable } from "#shared/risk/kernel/option-table.ts";
import { reusedKernel } from "#shared/risk/kernel/risk-kernel.ts";
import { type StrikeTable, strikeTable } from "#shared/risk/kernel/strike-table.ts";
import { type Greeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import {
  type OptionMarket,
  type OptionPosition,
  positionVolatility,
} from "#shared/risk/pricing/option-position.ts";
import { requirePositive } from "#shared/risk/pricing/option-terms.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import type { Scenario } from "#shared/risk/scenarios/standard-grid.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** What all options held of one underlying are worth together, in one market. */
export type ChainValue = {
  /** USD of one option long, per position in their order. */
  readonly pricesUsd: readonly number[];
  /** Greeks of all positions of an expiry together, ascending by expiry. */
  readonly greeks: readonly { readonly expiryMs: number; readonly sum: Greeks }[];
  /** USD per scenario of the grid, its weight applied; losses negative. */
  readonly scenarioPnlUsd: readonly number[];
};

/**
 * Values live positions of one underlying: the numbers of valueOption and optionScenarioPnlUsd, to rounding.
 *
 * @param name Tells the chains that are valued in turns apart; it changes nothing but the speed.
 * @throws {RangeError} As valueOption, and for a position that has expired.
 */
export type ChainValuer = (
  name: string,
  market: OptionMarket,
  positions: readonly OptionPosition[],
) => ChainValue;

/**
 * A {@link ChainValuer} on the risk kernels. Where each series lies is worked out once and kept for its name while the same
 * series are held: a new price then costs no more than the arithmetic.
 */
export function chainValuer(grid: readonly Scenario[]): ChainValuer {
  const desks = new Map<string, Desk>();
  const nothing = { pricesUsd: [], greeks: [], scenarioPnlUsd: grid.map(() => 0) };
  return (name, market, positions) => {
    requirePositive("spotUsd", market.spotUsd);
    if (positions.length === 0) return nothing;
    const anchorUsd = 2 ** Math.floor(Math.log2(market.spotUsd));
    const desk = desks.get(name) ?? newDesk();
    desks.set(name, desk);
    if (!isLaidOut(desk.layout, positions, anchorUsd)) {
      // The kernels' memory is the new layout's from here on, also where what follows throws.
      desk.layout = null;
      desk.layout = layOut(desk, { positions, anchorUsd, market, grid });
    }
    return chainValue(desk.layout, market, positions, grid);
  };
}

/** Memory of one chain and what lies in it. */
type Desk = {
  readonly optionKernel: (bytes: number) => Kernel;
  readonly strikeKernel: (bytes: number) => Kernel;
  layout: Layout | null;
};

function newDesk(): Desk {
  return { optionKernel: reusedKernel(), strikeKernel: reusedKernel(), layout: null };
}

type Expiry = {
  readonly expiryMs: number;
  /** Places of its positions in their list. */
  readonly held: readonly number[];
  /** Its strikes, each once. */
  readonly strikesUsd: readonly number[];
  /** Of the first of its strikes, counted through all expiries. */
  readonly firstStrike: number;
};

type Layout = {
  readonly positions: readonly OptionPosition[];
  /**
   * What log strikes are relative to: the power of two at or below spot, and not the spot that was met first, so that the
   * same market has the same answer to the bit whatever was valued before.
   */
  readonly anchorUsd: number;
  /** Ascending. */
  readonly expiries: readonly Expiry[];
  readonly options: OptionTable;
  readonly strikes: StrikeTable;
  /** Per position: its row in the table of options, and its strike and side. */
  readonly rows: Uint32Array;
  readonly strikeOf: Uint32Array;
  readonly puts: Uint8Array;
};

function isLaidOut(
  layout: Layout | null,
  positions: readonly OptionPosition[],
  anchorUsd: number,
): layout is Layout {
  return (
    layout !== null &&
    layout.anchorUsd === anchorUsd &&
    layout.positions.length === positions.length &&
    layout.positions.every((one, index) => isSameSeries(one, positions[index]))
  );
}

function isSameSeries(one: OptionPosition, other: OptionPosition | undefined): boolean {
  return (
    other !== undefined &&
    one.type === other.type &&
    one.strikeUsd === other.strikeUsd &&
    one.expiryMs === other.expiryMs
  );
}

function layOut(
  { optionKernel, strikeKernel }: Desk,
  o: {
    readonly positions: readonly OptionPosition[];
    readonly anchorUsd: number;
    readonly market: OptionMarket;
    readonly grid: readonly Scenario[];
  },
): Layout {
  const { positions, anchorUsd, market, grid } = o;
  const rows = new Uint32Array(positions.length);
  const strikeOf = new Uint32Array(positions.length);
  const expiries = expiriesOf(positions, strikeOf);
  const anchored = expiries.map(({ expiryMs }) => {
    return { ...bucketMarket(market, expiryMs), spotUsd: anchorUsd };
  });
  const options = optionTable(
    expiries.map(({ held }, index) => ({
      market: anchored[index] as BucketMarket,
      options: held.map((place) => positions[place] as OptionPosition),
    })),
    optionKernel,
  );
  const strikes = strikeTable(
    expiries.map(({ strikesUsd }, index) => ({
      market: anchored[index] as BucketMarket,
      strikesUsd,
      volatilities: strikesUsd.map(() => 0),
    })),
    grid,
    strikeKernel,
  );
  for (const [index, { held }] of expiries.entries())
    for (const [within, place] of held.entries())
      rows[place] = (options.firstRows[index] ?? 0) + within;
  const puts = Uint8Array.from(positions, ({ type }) => (type === "put" ? 1 : 0));
  // Their own: the caller's may change in place.
  const laidOut = positions.map((one) => ({ ...one }));
  return { positions: laidOut, anchorUsd, expiries, options, strikes, rows, strikeOf, puts };
}

/** Expiries, ascending; `strikeOf` is filled in. */
function expiriesOf(positions: readonly OptionPosition[], strikeOf: Uint32Array): Expiry[] {
  const places = Map.groupBy(positions.keys(), (place) => positions[place]?.expiryMs ?? 0);
  let firstStrike = 0;
  return [...places]
    .sort(([one], [other]) => one - other)
    .map(([expiryMs, held]) => {
      const byStrike = new Map<number, number>();
      for (const place of held) {
        const strikeUsd = positions[place]?.strikeUsd ?? 0;
        const strike = byStrike.get(strikeUsd) ?? firstStrike + byStrike.size;
        byStrike.set(strikeUsd, strike);
        strikeOf[place] = strike;
      }
      const expiry = { expiryMs, held, strikesUsd: [...byStrike.keys()], firstStrike };
      firstStrike += byStrike.size;
      return expiry;
    });
}

function bucketMarket(
  { spotUsd, nowMs, rate = 0, carry }: OptionMarket,
  expiryMs: number,
): BucketMarket {
  const years = yearsBetween(nowMs, expiryMs);
  if (!(years > 0))
    throw new RangeError(`expiryMs: ${expiryMs}; must be after nowMs (${nowMs}) to be valued`);
  return { spotUsd, years, rate, ...(carry === undefined ? {} : { carry }) };
}

function chainValue(
  layout: Layout,
  market: OptionMarket,
  positions: readonly OptionPosition[],
  grid: readonly Scenario[],
): ChainValue {
  const { expiries, options, strikes, rows, strikeOf } = layout;
  const volatilities = expiries.map(({ expiryMs, strikesUsd }) =>
    strikesUsd.map((strikeUsd) => positionVolatility({ strikeUsd, expiryMs }, market)),
  );
  for (const [index, { expiryMs, held, firstStrike }] of expiries.entries()) {
    const at = bucketMarket(market, expiryMs);
    const ofStrikes = volatilities[index] ?? [];
    options.setMarket(index, at);
    strikes.setMarket(index, at, ofStrikes);
    for (const place of held)
      options.volatilities[rows[place] ?? 0] = ofStrikes[(strikeOf[place] ?? 0) - firstStrike] ?? 0;
  }
  options.revalue();
  const { priceUsd } = options.values;
  return {
    pricesUsd: positions.map((_, place) => priceUsd[rows[place] as number] as number),
    greeks: expiries.map(({ expiryMs, held }) => {
      return { expiryMs, sum: summedGreeks(layout, held, positions) };
    }),
    // What is certain has no distribution to look up.
    scenarioPnlUsd: volatilities.flat().includes(0)
      ? optionScenarioPnlUsd(positions, 0, market, grid)
      : gridPnlUsd(layout, positions, grid),
  };
}

function summedGreeks(
  { options, rows }: Layout,
  held: readonly number[],
  positions: readonly OptionPosition[],
): Greeks {
  const { values } = options;
  const sum: { -readonly [Name in keyof Greeks]: number } = { ...ZERO_GREEKS };
  for (const place of held) {
    const { quantity } = positions[place] as OptionPosition;
    // Gamma may be infinite, and none of it is nothing.
    if (quantity === 0) continue;
    const row = rows[place] as number;
    sum.deltaUnits += (values.deltaUnits[row] as number) * quantity;
    sum.gammaUnitsPerUsd += (values.gammaUnitsPerUsd[row] as number) * quantity;
    sum.vegaUsdPerVolPoint += (values.vegaUsdPerVolPoint[row] as number) * quantity;
    sum.thetaUsdPerDay += (values.thetaUsdPerDay[row] as number) * quantity;
    sum.rhoUsdPerRatePoint += (values.rhoUsdPerRatePoint[row] as number) * quantity;
    sum.vannaUnitsPerVolPoint += (values.vannaUnitsPerVolPoint[row] as number) * quantity;
    sum.volgaUsdPerVolPointSquared += (values.volgaUsdPerVolPointSquared[row] as number) * quantity;
  }
  return sum;
}

function gridPnlUsd(
  { strikes, strikeOf, puts }: Layout,
  positions: readonly OptionPosition[],
  grid: readonly Scenario[],
): readonly number[] {
  const quantities = new Float64Array(positions.length);
  for (const [place, { quantity }] of positions.entries()) quantities[place] = quantity;
  const pnlUsd = strikes.netPnlUsd({ strikes: strikeOf, puts, quantities });
  return grid.map(({ weight }, index) => (pnlUsd[index] ?? 0) * weight);
}
