import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ForwardPosition,
  type Position,
  positionPnlUsd,
  valuePosition,
} from "#shared/risk/portfolio/position.ts";
import { black76 } from "#shared/risk/pricing/black-76.ts";
import {
  carryTo,
  forwardTo,
  marketVolatility,
  type UnderlyingMarket,
} from "#shared/risk/volatility/underlying-market.ts";
import { DAY_MS } from "#shared/units/time.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";

const NOW_MS = 1_760_000_000_000;
const IN_30_DAYS = NOW_MS + 30 * DAY_MS;
const MARKET: UnderlyingMarket = { spotUsd: 3000, nowMs: NOW_MS, rate: 0.04, volatility: 0.6 };
const QUOTED: UnderlyingMarket = {
  ...MARKET,
  forwards: [
    { expiryMs: IN_30_DAYS, forwardUsd: 3030 },
    { expiryMs: NOW_MS + 90 * DAY_MS, forwardUsd: 3000 },
  ],
};
const OPTION: Position = {
  kind: "option",
  underlying: "ETH",
  type: "put",
  strikeUsd: 2800,
  expiryMs: IN_30_DAYS,
  quantity: 3,
};

describe("delta-one positions", () => {
  test("spot is worth its price, a perpetual nothing, and both move one for one", () => {
    const spot: Position = { kind: "spot", underlying: "ETH", quantity: -2 };
    const perpetual: Position = {
      kind: "perpetual",
      underlying: "ETH",
      quantity: -2,
      fundingPerYear: 0.1095,
    };
    expect(valuePosition(spot, MARKET)).toMatchObject({ valueUsd: -6000, deltaUnits: -2 });
    expect(valuePosition(perpetual, MARKET)).toMatchObject({ valueUsd: 0, deltaUnits: -2 });
    for (const position of [spot, perpetual]) {
      expect(positionPnlUsd(position, MARKET, [{ spotShock: 0.1, volShock: 9 }])).toEqual([-600]);
    }
  });

  test("a short perpetual earns positive funding day by day", () => {
    const perpetual: Position = {
      kind: "perpetual",
      underlying: "ETH",
      quantity: -2,
      fundingPerYear: 0.1095,
    };
    expect(valuePosition(perpetual, MARKET).thetaUsdPerDay).toBeCloseTo(1.8, 12);
  });

  test("a forward at the market's price is worth nothing, and its Greeks are those of a call less a put", () => {
    const forward: ForwardPosition = {
      kind: "forward",
      underlying: "ETH",
      quantity: 5,
      expiryMs: IN_30_DAYS,
    };
    expect(valuePosition(forward, QUOTED).valueUsd).toBe(0);
    fc.assert(
      fc.property(numberIn(2000, 4000), fc.constantFrom(MARKET, QUOTED), (strikeUsd, market) => {
        const value = valuePosition({ ...forward, strikeUsd }, market);
        const series = {
          underlying: "ETH",
          strikeUsd,
          expiryMs: IN_30_DAYS,
          kind: "option",
        } as const;
        const call = valuePosition({ ...series, type: "call", quantity: 5 }, market);
        const put = valuePosition({ ...series, type: "put", quantity: -5 }, market);
        for (const name of [
          "valueUsd",
          "deltaUnits",
          "thetaUsdPerDay",
          "rhoUsdPerRatePoint",
          "carryRhoUsdPerCarryPoint",
        ] as const) {
          expect(value[name]).toBeCloseTo(call[name] + put[name], 7);
        }
      }),
    );
  });

  test("an expired forward is worth spot less its price", () => {
    const gone: Position = {
      kind: "forward",
      underlying: "ETH",
      quantity: 1,
      expiryMs: NOW_MS,
      strikeUsd: 2900,
    };
    expect(valuePosition(gone, QUOTED)).toMatchObject({
      valueUsd: 100,
      deltaUnits: 1,
      thetaUsdPerDay: 0,
    });
  });
});

test("an option is priced on the quoted forward, with Greeks to spot", () => {
  const value = valuePosition(OPTION, QUOTED);
  const onForward = black76({
    type: "put",
    forwardUsd: 3030,
    strikeUsd: 2800,
    years: 30 / 365,
    volatility: 0.6,
    rate: 0.04,
  });
  expect(value.valueUsd).toBeCloseTo(3 * onForward.priceUsd, 9);
  expect(value.deltaUnits).toBeCloseTo(3 * onForward.deltaUnits * 1.01, 10);
  const [pnl] = positionPnlUsd(OPTION, QUOTED, [{ spotShock: -0.1, volShock: 0 }]);
  const moved = black76({
    type: "put",
    forwardUsd: 2727,
    strikeUsd: 2800,
    years: 30 / 365,
    volatility: 0.6,
    rate: 0.04,
  });
  expect(pnl).toBeCloseTo(3 * (moved.priceUsd - onForward.priceUsd), 9);
});

describe("forwards", () => {
  test("between quotes the growth is linear in time, before the first too; beyond the last the carry stays", () => {
    const at = (days: number) => Math.log(forwardTo(QUOTED, NOW_MS + days * DAY_MS) / 3000);
    expect(at(30)).toBeCloseTo(Math.log(1.01), 14);
    expect(at(15)).toBeCloseTo(Math.log(1.01) / 2, 14);
    expect(at(60)).toBeCloseTo(Math.log(1.01) / 2, 14);
    expect(at(180)).toBeCloseTo(0, 14);
  });

  test("without quotes the carry is left to the rate", () => {
    expect(carryTo(MARKET, IN_30_DAYS)).toBeUndefined();
    expect(forwardTo(MARKET, IN_30_DAYS)).toBeCloseTo(3000 * Math.exp((0.04 * 30) / 365), 10);
  });
});

test("from expiry on there is no volatility to read", () => {
  expect(marketVolatility({ ...MARKET, volatility: [] }, { strikeUsd: 1, expiryMs: NOW_MS })).toBe(
    0,
  );
});
