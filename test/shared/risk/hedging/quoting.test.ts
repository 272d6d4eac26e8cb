import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { glftFiniteHorizonOffsets } from "#shared/risk/hedging/glft-finite-horizon.ts";
import { avellanedaStoikovQuote, glftQuote, hoStollQuote } from "#shared/risk/hedging/quoting.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

const GLFT = {
  midUsd: 100,
  inventoryUnits: 0,
  riskAversion: 0.01,
  volatility: 0.3,
  k: 0.3,
  A: 0.9,
};

describe("published values", () => {
  test.each(
    readVectors<"model" | "gamma" | "k" | "sigma" | "T" | "t" | "quantity" | "value">(
      "quotes.json",
      "avellanedaStoikov",
    ),
  )("Avellaneda-Stoikov $quantity at gamma $gamma, t $t", (row) => {
    const inventory = /q=(\d+)/.exec(String(row.quantity))?.[1] ?? "0";
    const quote = avellanedaStoikovQuote({
      midUsd: 100,
      inventoryUnits: Number(inventory),
      riskAversion: row.gamma,
      volatility: row.sigma,
      k: row.k,
      horizon: row.T - row.t,
    });
    const found = String(row.quantity) === "spread" ? quote.spreadUsd : quote.reservationPriceUsd;
    expect(Math.abs(found - row.value)).toBeLessThan(1e-6);
  });

  test.each(
    readVectors<"kind" | "Q" | "T" | "t" | "q" | "bidOffset" | "askOffset">("quotes.json", "glft"),
  )("GLFT $kind distances at inventory $q", (row) => {
    const inputs = { ...GLFT, inventoryUnits: row.q };
    const quote = glftQuote(inputs);
    const offsets =
      String(row.kind) === "exact"
        ? glftFiniteHorizonOffsets({ ...inputs, lotsMax: row.Q, remaining: row.T - row.t })
        : { bidUsd: 100 - quote.bidUsd, askUsd: quote.askUsd - 100 };
    expect(Math.abs((offsets.bidUsd ?? Number.NaN) - row.bidOffset)).toBeLessThan(1e-6);
    expect(Math.abs((offsets.askUsd ?? Number.NaN) - row.askOffset)).toBeLessThan(1e-6);
  });

  test.each(readVectors<"q" | "t0" | "t300" | "t599">("quotes.json", "glftWide"))(
    "GLFT exact at inventory $q of 100",
    (row) => {
      for (const [remaining, offset] of [
        [600, row.t0],
        [300, row.t300],
        [1, row.t599],
      ] as const) {
        const { bidUsd } = glftFiniteHorizonOffsets({
          ...GLFT,
          inventoryUnits: row.q,
          lotsMax: 100,
          remaining,
        });
        expect(Math.abs((bidUsd ?? Number.NaN) - offset)).toBeLessThan(1e-9);
      }
    },
  );
});

test("at no risk aversion each model quotes its risk-neutral margin round mid", () => {
  const still = { ...GLFT, riskAversion: 0, inventoryUnits: 7 };
  expect(avellanedaStoikovQuote({ ...still, horizon: 1 })).toMatchObject({
    reservationPriceUsd: 100,
    spreadUsd: 2 / 0.3,
  });
  expect(glftQuote(still)).toMatchObject({ reservationPriceUsd: 100, spreadUsd: 2 / 0.3 });
  expect(hoStollQuote({ ...still, horizon: 1, alpha: 2, beta: 4 })).toMatchObject({
    reservationPriceUsd: 100,
    spreadUsd: 0.5,
  });
});

test("the limit is reached smoothly", () => {
  const near = glftQuote({ ...GLFT, riskAversion: 1e-9, inventoryUnits: 3 });
  expect(near.spreadUsd).toBeCloseTo(2 / 0.3, 3);
  expect(Math.abs(near.reservationPriceUsd - 100)).toBeLessThan(1e-3);
});

test("the reservation price falls with inventory, and the quotes with it; the spread stays", () => {
  fc.assert(
    fc.property(numberIn(-50, 50), numberIn(0.001, 1), (inventoryUnits, riskAversion) => {
      const inputs = { ...GLFT, inventoryUnits, riskAversion, horizon: 2, alpha: 2, beta: 4 };
      for (const quote of [avellanedaStoikovQuote, glftQuote, hoStollQuote]) {
        const so = quote(inputs);
        const more = quote({ ...inputs, inventoryUnits: inventoryUnits + 1 });
        expect(more.reservationPriceUsd).toBeLessThan(so.reservationPriceUsd);
        expect(more.bidUsd).toBeLessThan(so.bidUsd);
        expect(more.spreadUsd).toBeCloseTo(so.spreadUsd, 12);
        expect(so.askUsd - so.bidUsd).toBeCloseTo(so.spreadUsd, 10);
      }
    }),
  );
});

test("at the inventory limit one side is not quoted", () => {
  const full = { ...GLFT, inventoryUnits: 3, lotsMax: 3, remaining: 10 };
  expect(glftFiniteHorizonOffsets(full).bidUsd).toBeNull();
  expect(glftFiniteHorizonOffsets({ ...full, inventoryUnits: -3 }).askUsd).toBeNull();
  expect(() => glftFiniteHorizonOffsets({ ...full, inventoryUnits: 4 })).toThrow(
    "inventoryUnits: 4",
  );
});
