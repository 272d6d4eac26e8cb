import fc from "fast-check";
import { expect, test } from "vitest";
import type { OptionRequest } from "#shard-agent/records/option-request.ts";
import { type QuoteConditions, quoteOption } from "#shard-agent/stages/quote-option.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import {
  anEthAsset,
  aScope,
  aSnapshot,
  BLOCK_MS,
  ETH_TOKEN,
  EXPIRY_MS,
  flatSlice,
} from "#test/support/agent/agent-snapshot.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const SCOPE = aScope();
const TERMS = {
  halfSpreadVolatility: 0.02,
  lifetimeMs: 15_000,
  quantityMax: 100,
  spotMoveMaxFraction: 0.01,
  premiumMinUsd: 0,
};

function request(change: Partial<OptionRequest> = {}): OptionRequest {
  return {
    taker: address20("7a"),
    underlying: "ETH",
    type: "call",
    side: "buy",
    strikeUsd: 2100,
    expiryMs: EXPIRY_MS,
    quantity: 1.5,
    ...change,
  };
}

function conditions(change: Partial<QuoteConditions> = {}): QuoteConditions {
  return {
    nowMs: BLOCK_MS + 400,
    snapshot: aSnapshot(),
    reportBlockTimestampMs: BLOCK_MS,
    takerLongE18: 0n,
    nonce: 42n,
    ...change,
  };
}

function quoted(asked: Partial<OptionRequest>, world: Partial<QuoteConditions> = {}) {
  const outcome = quoteOption(request(asked), conditions(world), TERMS, SCOPE);
  if (!outcome.quoted) throw new Error(`${outcome.code}: ${outcome.detail}`);
  return outcome;
}

test("a quote names exactly what was asked, for the taker alone and for a while", () => {
  const { quote, deltaUnits } = quoted({});
  expect(quote).toEqual({
    taker: address20("7a"),
    underlying: ETH_TOKEN,
    isCall: true,
    vaultSells: true,
    expiry: BigInt(EXPIRY_MS / 1000),
    strike: 210_000_000_000n,
    quantity: 1_500_000_000_000_000_000n,
    premium: expect.any(BigInt),
    spotMin: 198_000_000_000n,
    spotMax: 202_000_000_000n,
    nonce: 42n,
    deadline: BigInt(BLOCK_MS / 1000 + 15),
  });
  expect(deltaUnits).toBeLessThan(0);
});

test("strikes and quantities that no double holds exactly arrive as they were written", () => {
  const { quote } = quoted({ strikeUsd: 2000.1, quantity: 0.1 });
  expect(quote.strike).toBe(200_010_000_000n);
  expect(quote.quantity).toBe(10n ** 17n);
});

test("the vault always sells dearer than it buys, by the spread and the rounding", () => {
  const strikes = fc.double({ min: 300, max: 15_000, noNaN: true });
  const quantities = fc.double({ min: 0.01, max: 100, noNaN: true });
  const takerLongE18 = 10n ** 30n;
  fc.assert(
    fc.property(
      strikes,
      quantities,
      fc.constantFrom("call", "put"),
      (strikeUsd, quantity, type) => {
        const asked = { strikeUsd, quantity, type } as const;
        const ask = quoteOption(request({ ...asked, side: "buy" }), conditions(), TERMS, SCOPE);
        const bid = quoteOption(
          request({ ...asked, side: "sell" }),
          conditions({ takerLongE18 }),
          TERMS,
          SCOPE,
        );
        if (!ask.quoted || !bid.quoted) {
          const codes = [ask, bid].flatMap((one) => (one.quoted ? [] : one.code));
          expect(codes.every((code) => code === "premium-too-small")).toBe(true);
          return;
        }
        expect(ask.quote.premium).toBeGreaterThanOrEqual(bid.quote.premium);
        expect(ask.volatility - bid.volatility).toBeCloseTo(0.04, 9);
        expect(ask.deltaUnits).toBeCloseTo(-bid.deltaUnits, 9);
      },
    ),
  );
});

test("a sale is never below intrinsic value in exact integers, which the book would refuse", () => {
  const strikes = fc.bigInt({ min: 20_100_000_000n, max: 199_999_999_999n });
  const quantities = fc.bigInt({ min: 1n, max: 100_000_000_000n });
  fc.assert(
    fc.property(strikes, quantities, (strikeE8, quantityE9) => {
      const strikeUsd = Number(strikeE8) / 1e8;
      const { quote } = quoted({ strikeUsd, quantity: Number(quantityE9) / 1e9 });
      const payoff = (200_000_000_000n - quote.strike) * quote.quantity * 10n ** 6n;
      expect(quote.premium * 10n ** 26n).toBeGreaterThanOrEqual(payoff);
    }),
  );
});

test("where a double cannot hold the exact intrinsic value the premium is still not below it", () => {
  const expiryMs = BLOCK_MS + 30_000;
  const slices = [flatSlice(expiryMs, 0.01)];
  const world = conditions({ snapshot: aSnapshot({ hedgeAssets: [anEthAsset({ slices })] }) });
  // 1000.00000008 USD x 100.000000001 options is 100,000,000,009.00000000008 units of the asset.
  const asked = request({ strikeUsd: 999.99999992, quantity: 100.000000001, expiryMs });
  const outcome = quoteOption(asked, world, { ...TERMS, quantityMax: 200 }, SCOPE);
  expect(outcome).toMatchObject({ quoted: true, quote: { premium: 100_000_000_010n } });
});

test("the premium is the value rounded up when the vault sells and down when it buys", () => {
  const years = (EXPIRY_MS - BLOCK_MS - 400) / (365 * 86_400_000);
  for (const side of ["buy", "sell"] as const) {
    const { quote, volatility } = quoted({ side, type: "put" });
    const option = { type: "put", spotUsd: 2000, strikeUsd: 2100, years, volatility } as const;
    const units = blackScholes({ ...option, rate: 0, carry: 0 }).priceUsd * 1.5 * 1e6;
    expect(Number(quote.premium)).toBe(side === "buy" ? Math.ceil(units) : Math.floor(units));
  }
});

const snapshotWith = (change: Parameters<typeof aSnapshot>[0]) => ({ snapshot: aSnapshot(change) });
const stalePrice = { priceE8: 200_000_000_000n, roundId: 1n, updatedAtMs: BLOCK_MS - 60_001 };
const REFUSED: readonly {
  readonly code: string;
  readonly asked?: Partial<OptionRequest>;
  readonly world?: Partial<QuoteConditions>;
  readonly detail: string;
}[] = [
  { code: "vault-paused", world: snapshotWith({ paused: true }), detail: "paused" },
  { code: "report-stale", world: { reportBlockTimestampMs: null }, detail: "no report" },
  {
    code: "report-stale",
    world: { reportBlockTimestampMs: BLOCK_MS - 4_601 },
    detail: "5001 ms old; the limit is 5000 ms",
  },
  {
    code: "feed-stale",
    world: snapshotWith({ hedgeAssets: [anEthAsset({ price: stalePrice })] }),
    detail: "60001 ms old",
  },
  {
    code: "feed-stale",
    world: snapshotWith({
      hedgeAssets: [
        anEthAsset({ slices: [{ ...flatSlice(EXPIRY_MS, 0.6), updatedAtMs: BLOCK_MS - 60_001 }] }),
      ],
    }),
    detail: "volatility",
  },
  { code: "unsupported-underlying", asked: { underlying: "DOGE" }, detail: "quoted: ETH" },
  {
    code: "unsupported-expiry",
    asked: { expiryMs: EXPIRY_MS + 1000 },
    detail: `listed: ${EXPIRY_MS}`,
  },
  { code: "expires-too-soon", asked: { expiryMs: BLOCK_MS + 15_000 }, detail: "later than" },
  { code: "unsupported-strike", asked: { strikeUsd: 199 }, detail: "200 to 20000" },
  { code: "unsupported-strike", asked: { strikeUsd: 20_001 }, detail: "200 to 20000" },
  { code: "quantity-too-large", asked: { quantity: 100.5 }, detail: "the limit is 100" },
  {
    code: "call-not-held",
    asked: { side: "sell" },
    world: { takerLongE18: 10n ** 18n },
    detail: "long 1",
  },
  {
    code: "premium-too-small",
    asked: { side: "sell", type: "put", strikeUsd: 300, quantity: 0.000001 },
    detail: "more than 0",
  },
];

test("the premium is that of the strike which is signed, not of the digits that are lost on the way", () => {
  const terms = { ...TERMS, quantityMax: 1_000_000 };
  const premiumOf = (strikeUsd: number) => {
    const asked = request({ strikeUsd, quantity: 1_000_000 });
    const outcome = quoteOption(asked, conditions(), terms, SCOPE);
    return outcome.quoted ? outcome.quote.premium : null;
  };
  expect(premiumOf(1000.000000004)).toBe(premiumOf(1000));
});

test("a premium below the minimum is refused, but what a taker holds it can always sell back", () => {
  const terms = { ...TERMS, premiumMinUsd: 5 };
  const asked = { type: "put", strikeUsd: 2000, quantity: 0.001 } as const;
  const dust = quoteOption(request({ ...asked, side: "buy" }), conditions(), terms, SCOPE);
  expect(dust).toMatchObject({ quoted: false, code: "premium-too-small" });
  expect(dust).toHaveProperty("detail", expect.stringContaining("at least 5 USD"));
  const sell = request({ ...asked, side: "sell" });
  expect(quoteOption(sell, conditions(), terms, SCOPE).quoted).toBe(false);
  const held = conditions({ takerLongE18: 10n ** 15n });
  expect(quoteOption(sell, held, terms, SCOPE).quoted).toBe(true);
});

test("a quote names the spot prices between which the book takes it, never wider than the terms", () => {
  const { quote } = quoted({});
  expect(quote.spotMin).toBe(198_000_000_000n);
  expect(quote.spotMax).toBe(202_000_000_000n);
});

test.each(REFUSED)("$code: $detail", ({ code, asked, world, detail }) => {
  const outcome = quoteOption(request(asked), conditions(world), TERMS, SCOPE);
  expect(outcome).toMatchObject({ quoted: false, code });
  expect(outcome).toHaveProperty("detail", expect.stringContaining(detail));
});

test("a put may be written without holding any", () => {
  expect(quoted({ type: "put", side: "sell" }).quote).toMatchObject({
    isCall: false,
    vaultSells: false,
  });
});
