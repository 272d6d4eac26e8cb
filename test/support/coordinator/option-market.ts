import { valueOption } from "#shared/risk/pricing/option-position.ts";
import type { OptionMarketLine, OptionSeries } from "#shared/wire/shard-report.ts";
import { BLOCK_MS, EXPIRY_MS, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

/** The surface of the tests' markets. */
const SLICE = { a: 0.004, b: 0.02, rho: -0.3, m: 0, sigma: 0.1 };

export type OptionMarketOptions = {
  readonly underlying?: string;
  readonly spotUsd?: number;
  readonly cashUsd?: number;
  /** What the venue takes beside our own value of an option, as a fraction of it. */
  readonly feeFraction?: number;
  /** Options of each series the account is long. */
  readonly held?: number;
  readonly change?: Partial<OptionMarketLine>;
};

const QUANTITIES = [1, 5, 20, 60];

/** An option market with a call and a put at the money, priced at our own value and a fee; name only what matters. */
export function anOptionMarket(o: OptionMarketOptions = {}): OptionMarketLine {
  const { underlying = "ETH", spotUsd = 2000, cashUsd = 0 } = o;
  return {
    venue: "lyra-v1",
    adapter: address20("1a"),
    market: address20("1b"),
    underlying,
    quoteToken: address20("5d"),
    spotUsd,
    isStale: false,
    acceptsTrades: true,
    gasUnits: 400_000,
    cashRaw: String(Math.round(cashUsd * 1e6)),
    series: [aSeries(o, "call"), aSeries(o, "put")],
    ...o.change,
  };
}

function aSeries(o: OptionMarketOptions, type: "call" | "put"): OptionSeries {
  const { underlying = "ETH", spotUsd = 2000, feeFraction = 0.05, held = 0 } = o;
  const terms = { underlying, type, strikeUsd: spotUsd, expiryMs: EXPIRY_MS } as const;
  const slices = [{ expiryMs: EXPIRY_MS, ...SLICE, updatedAtMs: BLOCK_MS }];
  const market = { spotUsd, slices, nowMs: NOW_MS, rate: 0, carry: 0 };
  const value = valueOption({ ...terms, quantity: 1 }, market);
  const curve = (side: 1 | -1): OptionSeries["buy"] => {
    return QUANTITIES.map((quantity) => {
      const impact = 0.0005 * quantity;
      const usd = quantity * value.priceUsd * (1 + side * (feeFraction + impact));
      return { quantityE18: e18(quantity), costE18: e18(usd) };
    });
  };
  return {
    strikeId: type === "call" ? "7" : "8",
    seriesId: hash32(type === "call" ? "c1" : "c2"),
    type,
    expiryMs: EXPIRY_MS,
    strikeUsd: spotUsd,
    heldE18: e18(held),
    volatility: 0.6,
    premiumUsd: value.priceUsd,
    mostToOpenUsd: null,
    leastToCloseUsd: null,
    deltaUnits: value.deltaUnits,
    vegaUsdPerVolPoint: value.vegaUsdPerVolPoint,
    buy: curve(1),
    sell: held === 0 ? [] : curve(-1),
  };
}

function e18(value: number): string {
  return (BigInt(Math.round(value * 1e9)) * 10n ** 9n).toString();
}
