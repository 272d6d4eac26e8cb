import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BucketMarket } from "#shared/risk/kernel/bucket-record.ts";
import {
  type OptionBucket,
  type OptionTable,
  optionTable,
  VALUE_NAMES,
  type ValueName,
} from "#shared/risk/kernel/option-table.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";
import {
  inputsOf,
  type RandomBuckets,
  randomBuckets,
} from "#test/support/coordinator/random-options.ts";
import { anyOption, numberIn } from "#test/support/maths/arbitrary-option.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

const KINDS = ["simd", "typed"] as const;
type Kind = (typeof KINDS)[number];

type Column = ValueName | "isCall" | "strikeUsd" | "volatility" | keyof BucketMarket;
type Row = Readonly<Record<Column, number>>;

const REFERENCE = readVectors<Column>("option-reference.json", "reference");

function marketOf({ spotUsd, years, rate, carry }: Row): BucketMarket {
  return { spotUsd, years, rate, ...(carry === null ? {} : { carry }) };
}

/** The natural sizes of the eight results, as in black-scholes-accuracy.test.ts. */
function sizes(inputs: Omit<OptionInputs, "type">): Record<ValueName, number> {
  const { spotUsd, strikeUsd, years, volatility, rate } = inputs;
  const carry = inputs.carry ?? rate;
  const forward = spotUsd * Math.exp((carry - rate) * years);
  const scale = Math.max(forward, strikeUsd * Math.exp(-rate * years));
  const total = volatility * Math.sqrt(years);
  return {
    priceUsd: scale,
    deltaUnits: forward / spotUsd,
    gammaUnitsPerUsd: forward / spotUsd ** 2 / total,
    vegaUsdPerVolPoint: 0.01 * scale * Math.sqrt(years),
    thetaUsdPerDay: (scale * (volatility / Math.sqrt(years) + 1)) / 365,
    rhoUsdPerRatePoint: 0.01 * scale * years,
    vannaUnitsPerVolPoint: ((0.01 * forward) / spotUsd) * (Math.sqrt(years) + 1 / volatility),
    volgaUsdPerVolPointSquared:
      1e-4 * scale * Math.sqrt(years) * (years ** 0.5 * total + 1 / volatility),
  };
}

/** Greeks depend on d1, whose rounding grows with what goes into ln(F/K) over total volatility. */
function conditioning({
  years,
  volatility,
  rate,
  carry,
  spotUsd,
  strikeUsd,
}: OptionInputs): number {
  const drift = Math.abs((carry ?? rate) * years) + Math.abs(Math.log(spotUsd / strikeUsd));
  return 1 + (1 + drift) / (volatility * Math.sqrt(years)) / 10;
}

function filled(random: RandomBuckets, kind: Kind): OptionTable {
  const table = optionTable(random.buckets, kind);
  random.volatilities.forEach((volatilities, bucket) => {
    table.volatilities.set(volatilities, table.firstRows[bucket] ?? 0);
  });
  table.revalue();
  return table;
}

/** A table of one bucket of one option. */
function single(inputs: OptionInputs, kind: Kind): Record<ValueName, number> {
  const { type, strikeUsd, volatility, ...market } = inputs;
  return valuesAt(
    filled(
      { buckets: [{ market, options: [{ type, strikeUsd }] }], volatilities: [[volatility]] },
      kind,
    ),
    0,
  );
}

function valuesAt(table: OptionTable, row: number): Record<ValueName, number> {
  return Object.fromEntries(VALUE_NAMES.map((name) => [name, table.values[name][row]])) as Record<
    ValueName,
    number
  >;
}

function eachOption(
  random: RandomBuckets,
  visit: (inputs: OptionInputs, row: number) => void,
  table: OptionTable,
): void {
  random.buckets.forEach(({ options }, bucket) => {
    options.forEach((_, option) => {
      visit(inputsOf(random, { bucket, option }), (table.firstRows[bucket] ?? 0) + option);
    });
  });
}

/** Every result of every option against black-scholes.ts; returns how many options that were. */
function expectScalarModel(random: RandomBuckets, table: OptionTable): number {
  let options = 0;
  eachOption(
    random,
    (inputs, row) => {
      const expected = blackScholes(inputs);
      const found = valuesAt(table, row);
      const size = sizes(inputs);
      options += 1;
      for (const name of VALUE_NAMES) {
        const error = Math.abs(found[name] - expected[name]) / size[name];
        const limit = name === "priceUsd" ? 2e-15 : 2e-14 * conditioning(inputs);
        if (!(error <= limit)) expect({ name, inputs, error }).toBe(`within ${limit}`);
      }
      const total = inputs.volatility * Math.sqrt(inputs.years);
      if (expected.priceUsd > 1e-6 * inputs.spotUsd && total >= 0.01) {
        const error = Math.abs(found.priceUsd / expected.priceUsd - 1);
        if (!(error < 1e-12)) expect({ inputs, error }).toBe("within 1e-12");
      }
    },
    table,
  );
  return options;
}

describe.each(KINDS)("the %s kernel", (kind) => {
  test("agrees with the 60-digit figures as the scalar model does", () => {
    const buckets = REFERENCE.map((row): OptionBucket => {
      const type = row.isCall === 1 ? "call" : "put";
      return { market: marketOf(row), options: [{ type, strikeUsd: row.strikeUsd }] };
    });
    const table = filled(
      { buckets, volatilities: REFERENCE.map(({ volatility }) => [volatility]) },
      kind,
    );
    let covered = 0;
    REFERENCE.forEach((row, bucket) => {
      const { carry, ...rest } = row;
      const inputs = { type: "call", ...rest, ...(carry === null ? {} : { carry }) } as const;
      const found = valuesAt(table, table.firstRows[bucket] ?? 0);
      const size = sizes(inputs);
      expect(Math.abs(found.priceUsd - row.priceUsd) / size.priceUsd).toBeLessThan(2e-15);
      for (const name of VALUE_NAMES) {
        const error = Math.abs(found[name] - row[name]) / size[name];
        expect(error / conditioning(inputs), name).toBeLessThan(1e-14);
      }
      if (row.priceUsd > 1e-6 * row.spotUsd && row.volatility * Math.sqrt(row.years) >= 0.01) {
        covered += 1;
        expect(Math.abs(found.priceUsd / row.priceUsd - 1)).toBeLessThan(1e-12);
      }
    });
    expect(covered).toBeGreaterThan(500);
  });

  test("agrees with the scalar model on 40,000 random options, also after the market has moved", () => {
    const before = randomBuckets(
      7,
      Array.from({ length: 400 }, (_, index) => 60 + (index % 80)),
    );
    const table = filled(before, kind);
    expect(expectScalarModel(before, table)).toBeGreaterThan(39_000);
    const buckets = before.buckets.map(({ market, options }, bucket) => {
      const moved = { ...market, spotUsd: market.spotUsd * (0.3 + (bucket % 30) / 10) };
      table.setMarket(bucket, moved);
      return { market: moved, options };
    });
    table.revalue();
    expectScalarModel({ ...before, buckets }, table);
  });

  test("keeps ten digits of a price deep in the wings", () => {
    const random = randomBuckets(8, new Array<number>(100).fill(100));
    const table = filled(random, kind);
    let deep = 0;
    eachOption(
      random,
      (inputs, row) => {
        const { priceUsd } = blackScholes(inputs);
        const total = inputs.volatility * Math.sqrt(inputs.years);
        if (priceUsd < 1e-12 * inputs.spotUsd && priceUsd > 1e-290 && total >= 0.01) {
          deep += 1;
          expect(Math.abs((table.values.priceUsd[row] ?? 0) / priceUsd - 1)).toBeLessThan(1e-10);
        }
      },
      table,
    );
    expect(deep).toBeGreaterThan(500);
  });

  test.each([
    { name: "at expiry in the money", years: 0, volatility: 0.5, strikeUsd: 90 },
    { name: "at expiry at the strike", years: 0, volatility: 0.5, strikeUsd: 100 },
    { name: "at expiry out of the money", years: 0, volatility: 0.5, strikeUsd: 110 },
    { name: "without volatility at the forward", years: 1, volatility: 0, strikeUsd: 100 },
    { name: "without volatility in the money", years: 1, volatility: 0, strikeUsd: 80 },
    { name: "with a volatility below any meaning", years: 1, volatility: 1e-300, strikeUsd: 80 },
    { name: "with an enormous volatility", years: 1, volatility: 1e200, strikeUsd: 80 },
    { name: "80 deviations away", years: 1, volatility: 0.1, strikeUsd: 300_000 },
  ])("has the exact limits $name", ({ years, volatility, strikeUsd }) => {
    for (const type of ["call", "put"] as const) {
      const inputs = { type, spotUsd: 100, strikeUsd, years, volatility, rate: 0, carry: 0 };
      const expected = blackScholes(inputs);
      const found = single(inputs, kind);
      for (const name of VALUE_NAMES) {
        expect(found[name] + 0, name).toBeCloseTo(expected[name] + 0, 12);
      }
      expect(found.priceUsd + 0).toBe(expected.priceUsd + 0);
    }
  });

  test("refuses a volatility that is none, by its place", () => {
    const random = randomBuckets(9, [3, 2]);
    const table = optionTable(random.buckets, kind);
    table.revalue();
    for (const bad of [-0.2, Number.NaN, Number.POSITIVE_INFINITY]) {
      table.volatilities[5] = bad;
      expect(() => table.revalue()).toThrow(
        `buckets[1].options[1].volatility: ${bad}; must be >= 0`,
      );
    }
  });

  test("refuses a strike or a market out of its domain", () => {
    const market = { spotUsd: 100, years: 1, rate: 0 };
    const options = [{ type: "call", strikeUsd: 100 }] as const;
    const bad = [{ type: "put", strikeUsd: 0 }] as const;
    expect(() => optionTable([{ market, options: bad }], kind)).toThrow(
      "buckets[0].options[0].strikeUsd: 0; must be > 0",
    );
    const table = optionTable([{ market, options }], kind);
    expect(() => table.setMarket(0, { ...market, years: -1 })).toThrow("years: -1; must be >= 0");
    expect(() => table.setMarket(1, market)).toThrow("bucket: 1; must be below 1");
  });

  test("prices buckets of any size alike: odd, empty, larger than a chunk", () => {
    const shape = [0, 1, 2, 3, 0, 127, 128, 129, 300, 1, 0];
    const random = randomBuckets(10, shape);
    const table = filled(random, kind);
    expect(table.rowCount).toBe(2 + 2 + 4 + 128 + 128 + 130 + 300 + 2);
    eachOption(
      random,
      (inputs, row) => {
        expect(valuesAt(table, row)).toEqual(single(inputs, kind));
      },
      table,
    );
  });

  test("call less put is forward leg less strike leg", () => {
    fc.assert(
      fc.property(anyOption("call"), (call) => {
        const put = { ...call, type: "put" as const };
        const parity = single(call, kind).priceUsd - single(put, kind).priceUsd;
        const { spotUsd, strikeUsd, carry, rate, years } = call;
        const forward = spotUsd * Math.exp((carry - rate) * years);
        const strike = strikeUsd * Math.exp(-rate * years);
        expect(Math.abs(parity - (forward - strike))).toBeLessThan(
          4e-15 * Math.max(forward, strike),
        );
      }),
      { numRuns: 50 },
    );
  });

  test("price is homogeneous of degree one in spot and strike", () => {
    fc.assert(
      fc.property(anyOption("put"), numberIn(0.01, 100), (put, factor) => {
        const scaled = { ...put, spotUsd: put.spotUsd * factor, strikeUsd: put.strikeUsd * factor };
        const error = single(scaled, kind).priceUsd - factor * single(put, kind).priceUsd;
        expect(Math.abs(error)).toBeLessThan(4e-15 * sizes(scaled).priceUsd);
      }),
      { numRuns: 50 },
    );
  });
});

test("both kernels give the same bits", () => {
  const random = randomBuckets(
    11,
    Array.from({ length: 300 }, (_, index) => index % 90),
  );
  const [simd, typed] = KINDS.map((kind) => filled(random, kind)) as [OptionTable, OptionTable];
  expect([simd.kind, typed.kind]).toEqual(KINDS);
  for (const name of VALUE_NAMES) {
    const bits = (table: OptionTable) => new BigUint64Array(table.values[name].slice().buffer);
    expect(bits(simd)).toEqual(bits(typed));
  }
});
