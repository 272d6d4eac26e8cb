import { describe, expect, test } from "vitest";
import { bookRisk } from "#test/local/check/accounts/book-risk.ts";
import { examplePolicy, exampleState } from "#test/local/check/example-world.ts";
import type { SeriesState } from "#test/local/observe/chain-state.ts";

const YEAR_MS = 365 * 86_400_000;
const CALL: SeriesState = {
  underlying: "ETH",
  isCall: true,
  strikeUsd: 2000,
  expiryMs: YEAR_MS,
  quantity: -10,
};
// At the money, one year, 50 %: N(0.25) and the value 2000 (2 N(0.25) - 1).
const CALL_DELTA = 0.5987063256829237;
const CALL_VALUE = 2000 * (2 * CALL_DELTA - 1);

const holding = (hedgeUnits: number, spotUsd = 2000) =>
  exampleState().underlyings.map((u) => ({ ...u, hedgeUnits, spotUsd }));

describe("bookRisk", () => {
  test("nets option deltas and hedges over the shards", () => {
    const states = [
      exampleState({ series: [CALL], underlyings: holding(2) }),
      exampleState({ shard: "target", series: [{ ...CALL, quantity: 4 }] }),
    ];
    const { net, shards, navUsd } = bookRisk(states, examplePolicy());
    expect(net["ETH"]?.optionDeltaUnits).toBeCloseTo(-6 * CALL_DELTA, 12);
    expect(net["ETH"]?.netDeltaUnits).toBeCloseTo(2 - 6 * CALL_DELTA, 12);
    expect(net["ETH"]?.grossOptionDeltaUnits).toBeCloseTo(14 * CALL_DELTA, 12);
    expect(shards[0]?.navUsd).toBeCloseTo(100_000 + 2 * 2000 - 10 * CALL_VALUE, 6);
    expect(navUsd).toBeCloseTo(200_000 + 2 * 2000 - 6 * CALL_VALUE, 6);
  });

  test("counts a perpetual in the delta, and its account's worth once", () => {
    const short = exampleState().underlyings.map((u) => ({ ...u, hedgeUnits: 2, perpUnits: -5 }));
    const state = exampleState({
      underlyings: short,
      perpAccountUnits: 30_000,
      settlementPriceUsd: 0.9,
    });
    const { net, navUsd } = bookRisk([state], examplePolicy());
    expect(net["ETH"]).toMatchObject({ hedgeUnits: 2, perpUnits: -5, netDeltaUnits: -3 });
    expect(navUsd).toBeCloseTo(130_000 * 0.9 + 2 * 2000, 6);
  });

  test("puts a long put and a short call on the same side", () => {
    const put = { ...CALL, isCall: false, quantity: 10 };
    const { net } = bookRisk([exampleState({ series: [CALL, put] })], examplePolicy());
    expect(net["ETH"]?.optionDeltaUnits).toBeCloseTo(-10, 12);
    expect(net["ETH"]?.gammaUnitsPerUsd).toBeCloseTo(0, 15);
  });

  test("values everything at the median spot and the newest slices", () => {
    const newer = exampleState({ shard: "target", underlyings: holding(0, 2200) });
    const slices = newer.underlyings
      .flatMap((u) => u.slices)
      .map((s) => ({ ...s, a: 0.16, updatedAtMs: 1 }));
    const states = [
      exampleState({ series: [CALL] }),
      { ...newer, underlyings: newer.underlyings.map((u) => ({ ...u, slices })) },
      exampleState({ shard: "third", underlyings: holding(0, 2000) }),
    ];
    const { net } = bookRisk(states, examplePolicy());
    expect(net["ETH"]?.spotUsd).toBe(2000);
    expect(net["ETH"]?.optionDeltaUnits).toBeCloseTo(-10 * 0.579259709439103, 10);
  });

  test("gives an expired series that is not settled yet no delta", () => {
    const state = exampleState({ series: [CALL], blockTimestampMs: YEAR_MS });
    expect(bookRisk([state], examplePolicy()).net["ETH"]?.optionDeltaUnits).toBeCloseTo(0, 15);
  });

  test("widens the band by what gas costs on the cheapest chain", () => {
    const states = [
      exampleState({ baseFeeWei: 10n ** 13n }),
      exampleState({ shard: "target", baseFeeWei: 10n ** 12n }),
    ];
    const { gasUsd, net } = bookRisk(states, examplePolicy());
    expect(gasUsd).toBeCloseTo(840, 9);
    expect(net["ETH"]?.halfWidthUnits).toBeCloseTo(Math.max(0.5, 840 / 0.001 / 2000), 9);
  });

  test("refuses to net a chain that lacks an underlying of the policy", () => {
    expect(() => bookRisk([exampleState({ underlyings: [] })], examplePolicy())).toThrow(
      "no underlying ETH",
    );
  });
});
