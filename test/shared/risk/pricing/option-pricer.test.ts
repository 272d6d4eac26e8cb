import fc from "fast-check";
import { expect, test } from "vitest";
import { positionVolatility, valueOption } from "#shared/risk/pricing/option-position.ts";
import { keptPricers, optionPricer } from "#shared/risk/pricing/option-pricer.ts";

const NOW_MS = 1_790_000_000_000;
const DAY_MS = 86_400_000;
const slice = (days: number) => {
  return { expiryMs: NOW_MS + days * DAY_MS, a: 0.004, b: 0.1, rho: -0.3, m: 0.02, sigma: 0.15 };
};
const market = { spotUsd: 3_000, nowMs: NOW_MS, slices: [slice(7), slice(30), slice(180)] };
const series = fc.array(
  fc.record({
    underlying: fc.constant("ETH"),
    type: fc.constantFrom("call" as const, "put" as const),
    // Few strikes and expiries, so that they repeat; some expired.
    strikeUsd: fc.constantFrom(500, 2_400, 2_999.9, 3_300, 9_000),
    expiryMs: fc.constantFrom(-1, 0, 1, 7, 45, 400).map((days) => NOW_MS + days * DAY_MS),
  }),
  { maxLength: 40 },
);

test.each([
  { name: "without a rate", terms: {} },
  { name: "with a rate", terms: { rate: 0.05 } },
  { name: "with a rate and a carry", terms: { rate: 0.05, carry: 0.01 } },
])("one option is worth what a position of one is, to the bit, $name", ({ terms }) => {
  const at = { ...market, ...terms };
  fc.assert(
    fc.property(series, (all) => {
      const pricer = optionPricer(at);
      for (const one of [...all, ...all])
        expect(pricer.valueOfOne(one)).toEqual(valueOption({ ...one, quantity: 1 }, at));
    }),
  );
});

test("a volatility is that of the surface, however often it is asked", () => {
  fc.assert(
    fc.property(series, (all) => {
      const pricer = optionPricer(market);
      for (const one of [...all, ...all])
        expect(pricer.volatilityOf(one)).toBe(positionVolatility(one, market));
    }),
  );
});

const tick = fc.constantFrom(0, 1e-9, 1);
const anyMarket = fc.record({ spot: tick, now: tick, a: tick, expiry: tick }).map((change) => {
  const [first = slice(7), ...others] = market.slices;
  const moved = { ...first, a: first.a + change.a, expiryMs: first.expiryMs + change.expiry };
  return {
    spotUsd: market.spotUsd + change.spot,
    nowMs: NOW_MS + Math.ceil(change.now),
    slices: [moved, ...others],
  };
});

test("kept pricers say what new ones say, however markets come and go back", () => {
  const asked = fc.array(fc.tuple(fc.constantFrom("ETH", "BTC"), anyMarket, series));
  fc.assert(
    fc.property(asked, (all) => {
      const pricerIn = keptPricers();
      for (const [name, at, list] of all) {
        const kept = pricerIn(name, at);
        expect(kept.market).toEqual(at);
        for (const one of list) {
          const said = outcomeOf(() => kept.valueOfOne(one));
          expect(said).toEqual(outcomeOf(() => optionPricer(at).valueOfOne(one)));
        }
      }
    }),
  );
});

test("a pricer is kept while its market is the same, and no longer", () => {
  const pricerIn = keptPricers();
  const first = pricerIn("ETH", market);
  expect(pricerIn("ETH", structuredClone(market))).toBe(first);
  expect(pricerIn("BTC", market)).not.toBe(first);
  const [near, ...others] = market.slices;
  const changes = (["expiryMs", "a", "b", "rho", "m", "sigma"] as const).map((field) => {
    return { slices: [{ ...(near ?? slice(7)), [field]: 0.5 }, ...others] };
  });
  const terms = [{ spotUsd: 3_000.01 }, { nowMs: NOW_MS + 1 }, { rate: 0.1 }, { carry: 0.1 }];
  for (const change of [...terms, ...changes, { slices: others }]) {
    const before = pricerIn("ETH", market);
    expect(pricerIn("ETH", { ...market, ...change }), JSON.stringify(change)).not.toBe(before);
  }
});

function outcomeOf(value: () => unknown): unknown {
  try {
    return value();
  } catch (error) {
    return String(error);
  }
}
