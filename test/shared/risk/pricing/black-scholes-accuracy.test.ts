import { describe, expect, test } from "vitest";
import { blackScholes, type OptionValue } from "#shared/risk/pricing/black-scholes.ts";
import { impliedVolatility } from "#shared/risk/pricing/implied-volatility.ts";
import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

type Column =
  | keyof OptionValue
  | "isCall"
  | "spotUsd"
  | "strikeUsd"
  | "years"
  | "volatility"
  | "rate"
  | "carry";
type Row = Readonly<Record<Column, number>>;

const ROWS = readVectors<Column>("option-reference.json", "reference");

function inputsOf(row: Row): OptionInputs {
  const { spotUsd, strikeUsd, years, volatility, rate } = row;
  const carry = row.carry as number | null;
  const base = {
    type: row.isCall === 1 ? "call" : "put",
    spotUsd,
    strikeUsd,
    years,
    volatility,
    rate,
  } as const;
  return carry === null ? base : { ...base, carry };
}

function legs(row: Row): { forwardLegUsd: number; strikeLegUsd: number } {
  const { spotUsd, strikeUsd, years, rate } = row;
  const carry = (row.carry as number | null) ?? rate;
  return {
    forwardLegUsd: spotUsd * Math.exp((carry - rate) * years),
    strikeLegUsd: strikeUsd * Math.exp(-rate * years),
  };
}

function scaleUsd(row: Row): number {
  return Math.max(legs(row).forwardLegUsd, legs(row).strikeLegUsd);
}

function totalVolatility(row: Row): number {
  return row.volatility * Math.sqrt(row.years);
}

/** Largest of a figure over all rows, with the row. */
function worst(of: (row: Row) => number): number {
  return Math.max(...ROWS.map(of));
}

describe("against 60-digit figures of 1,200 random options", () => {
  test("the price is off by at most 2e-15 of the larger leg", () => {
    expect(
      worst((row) => Math.abs(blackScholes(inputsOf(row)).priceUsd - row.priceUsd) / scaleUsd(row)),
    ).toBeLessThan(2e-15);
  });

  test("a price above 1e-6 of spot is right to 1e-12 of itself from total volatility 0.01 on", () => {
    const covered = ROWS.filter(
      (row) => row.priceUsd > 1e-6 * row.spotUsd && totalVolatility(row) >= 0.01,
    );
    expect(covered.length).toBeGreaterThan(500);
    const error = (row: Row) => Math.abs(blackScholes(inputsOf(row)).priceUsd / row.priceUsd - 1);
    expect(Math.max(...covered.map(error))).toBeLessThan(1e-12);
  });

  test("deep in the wings the price still has ten digits", () => {
    const deep = ROWS.filter((row) => row.priceUsd > 1e-290 && row.priceUsd < 1e-12 * row.spotUsd);
    expect(deep.length).toBeGreaterThan(50);
    const error = (row: Row) => Math.abs(blackScholes(inputsOf(row)).priceUsd / row.priceUsd - 1);
    expect(Math.max(...deep.map(error))).toBeLessThan(1e-10);
  });

  test.each<[keyof OptionValue, (row: Row) => number]>([
    ["deltaUnits", (row) => legs(row).forwardLegUsd / row.spotUsd],
    [
      "gammaUnitsPerUsd",
      (row) => legs(row).forwardLegUsd / row.spotUsd ** 2 / totalVolatility(row),
    ],
    ["vegaUsdPerVolPoint", (row) => 0.01 * scaleUsd(row) * Math.sqrt(row.years)],
    [
      "vannaUnitsPerVolPoint",
      (row) =>
        ((0.01 * legs(row).forwardLegUsd) / row.spotUsd) *
        (Math.sqrt(row.years) + 1 / row.volatility),
    ],
    [
      "volgaUsdPerVolPointSquared",
      (row) =>
        1e-4 *
        scaleUsd(row) *
        Math.sqrt(row.years) *
        (row.years ** 0.5 * totalVolatility(row) + 1 / row.volatility),
    ],
    [
      "thetaUsdPerDay",
      (row) => (scaleUsd(row) * (row.volatility / Math.sqrt(row.years) + 1)) / 365,
    ],
    ["rhoUsdPerRatePoint", (row) => 0.01 * scaleUsd(row) * row.years],
    ["carryRhoUsdPerCarryPoint", (row) => 0.01 * scaleUsd(row) * row.years],
  ])(
    "%s is off by at most 1e-14 of its natural size, and of the conditioning of ln(F/K)",
    (name, size) => {
      const conditioning = (row: Row) =>
        1 + (1 + Math.abs((row.carry ?? row.rate) * row.years)) / totalVolatility(row) / 10;
      const error = (row: Row) =>
        Math.abs(blackScholes(inputsOf(row))[name] - row[name]) / size(row) / conditioning(row);
      expect(worst(error)).toBeLessThan(1e-14);
    },
  );

  test("the implied volatility of an out-of-the-money figure is the volatility, to 1e-12", () => {
    const covered = ROWS.filter((row) => {
      const { forwardLegUsd, strikeLegUsd } = legs(row);
      const isOutOfTheMoney =
        row.isCall === 1 ? forwardLegUsd <= strikeLegUsd : strikeLegUsd <= forwardLegUsd;
      return (
        isOutOfTheMoney &&
        row.priceUsd > 1e-290 &&
        totalVolatility(row) >= 0.01 &&
        totalVolatility(row) < 4
      );
    });
    expect(covered.length).toBeGreaterThan(200);
    for (const row of covered) {
      const { volatility: _volatility, ...option } = inputsOf(row);
      const found = impliedVolatility({ ...option, priceUsd: row.priceUsd });
      expect(
        Math.abs(("volatility" in found ? found.volatility : Number.NaN) / row.volatility - 1),
      ).toBeLessThan(1e-12);
    }
  });
});
