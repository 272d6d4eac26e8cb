/**
 * The numbers of a local world: tokens, prices at the start, pools and pool depth, vault sizes, limits.
 * Chains are counted from 0 in the order of shared/evm/chain-registry.ts.
 */

export const SETTLEMENT = { ticker: "USDX", name: "Local dollar", decimals: 6 } as const;

export const UNDERLYINGS = {
  ETH: { decimals: 18, startPriceUsd: 3_000, startVolatility: 0.65 },
  BTC: { decimals: 8, startPriceUsd: 60_000, startVolatility: 0.5 },
} as const;

export type Ticker = keyof typeof UNDERLYINGS;
export const TICKERS: readonly Ticker[] = ["ETH", "BTC"];

/** Decimals of every price feed and of strikes. */
export const PRICE_DECIMALS = 8;

/** Uniswap fee (hundredths of a basis point) and value of each side in USD, per chain; repeats after the fourth. */
const POOLS: Readonly<Record<Ticker, readonly { fee: number; sideUsd: number }[]>> = {
  ETH: [
    { fee: 500, sideUsd: 8_000_000 },
    { fee: 3_000, sideUsd: 5_000_000 },
    { fee: 500, sideUsd: 4_000_000 },
    { fee: 3_000, sideUsd: 3_000_000 },
  ],
  BTC: [
    { fee: 3_000, sideUsd: 6_000_000 },
    { fee: 500, sideUsd: 8_000_000 },
    { fee: 3_000, sideUsd: 4_000_000 },
    { fee: 500, sideUsd: 5_000_000 },
  ],
};

/** Pool of an underlying on the chain number `index`. */
export function poolParameters(
  ticker: Ticker,
  index: number,
): { readonly fee: number; readonly sideUsd: number } {
  const pools = POOLS[ticker];
  return pools[index % pools.length] ?? { fee: 500, sideUsd: 4_000_000 };
}

/** First deposits in USD. The first vault is the small one: a crash leaves it short of capital. */
const DEPOSITS_USD = [255_000, 1_200_000, 1_000_000, 1_000_000] as const;

/** What the depositor puts into the vault of chain number `index`, in USD. */
export function depositUsd(index: number): number {
  return DEPOSITS_USD[index] ?? 1_000_000;
}

/** Chains (by number) on which a vault may keep positions at the venue, besides Uniswap everywhere. */
export const LYRA_CHAIN = 0;
export const AAVE_CHAIN = 1;
export const CURIE_CHAIN = 2;
/** So far back the clock of Curie's chain starts: its pool needs a history before it gives a price. */
export const CURIE_HISTORY_SECONDS = 7_200;

/** What Lyra's fees may cost on one option, in basis points of spot: its own are 1 % of spot and 1 % of the premium. */
export const LYRA_FEE_BPS = 200;
/** Seconds over which Lyra's volatility is averaged. A day is right where markets move at their real pace. */
export const LYRA_MEAN_SECONDS = 5;

/** Least margin ratio that a mandate may ask for at Curie, 18 decimals; the policy of the world asks for more. */
export const MARGIN_RATIO_FLOOR = 10n ** 17n;

/** Most a vault may have at one venue where it keeps positions. */
export const POSITION_VENUE_CAP_RAW = 500_000n * 10n ** 6n;

/** Limits of every vault, as the constructor takes them. */
export const VAULT_LIMITS = {
  maxSlippageBps: 500,
  hedgeHaircutBps: 1_000,
  feedStaleAfterSeconds: 60,
  windowSeconds: 600,
  swapWindowCap: 5_000_000n * 10n ** 6n,
  transferWindowCap: 3_000_000n * 10n ** 6n,
} as const;

/**
 * Guard of every Uniswap adapter. The crash takes about 280 ticks a second. Once a block's own arbitrage has moved a pool
 * the mean of the three seconds before lags twice that: over 100 seeds at most 698, 530 in the median. A market that falls
 * honestly is still hedged, and a price pushed further away within one block is not taken. Where blocks and prices move
 * at their real pace, minutes and a tenth of the ticks are right.
 */
export const TWAP_GUARD = {
  windowSeconds: 3,
  maxDeviationTicks: 700,
  observations: 60,
} as const;

/** Policy of every option book, as the constructor takes it. */
export const BOOK_POLICY = {
  marginBps: 1_000,
  sigmaMax: 2n * 10n ** 18n,
  quoterWindowSeconds: 600,
  liveSeriesCap: 48,
  quoterWindowCap: 10_000_000n * 10n ** 6n,
  expiryNotionalCap: 50_000_000n * 10n ** 6n,
} as const;

/** Most options open on each side of one series, 18 decimals. */
export const SERIES_QUANTITY_CAP: Readonly<Record<Ticker, bigint>> = {
  ETH: 5_000n * 10n ** 18n,
  BTC: 250n * 10n ** 18n,
};

/** Balances that people of the world start with, per account and chain. */
export const FUNDS = {
  nativeWei: 1_000_000n * 10n ** 18n,
  /** Agents and the coordinator pay gas from a purse that can run dry. */
  agentNativeWei: 100n * 10n ** 18n,
  settlementRaw: 50_000_000n * 10n ** 6n,
  ethWei: 10_000n * 10n ** 18n,
  btcRaw: 200n * 10n ** 8n,
} as const;
