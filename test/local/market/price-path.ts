import { TICKERS, type Ticker, UNDERLYINGS } from "#test/local/deploy/world-parameters.ts";
import { createRandom, type Random } from "#test/local/market/random.ts";

/** Prices in USD and annual at-the-money volatilities at one step. */
export type MarketState = {
  readonly pricesUsd: Readonly<Record<Ticker, number>>;
  readonly volatilities: Readonly<Record<Ticker, number>>;
  /** Price of the settlement asset in USD. */
  readonly settlementUsd: number;
};

/** State of the market by step; one step is one second of wall time. */
export type PricePath = (step: number) => MarketState;

/** Prices move in one second as they would in this many seconds: a three-minute run holds about two days. */
const TIME_COMPRESSION = 900;

const YEARS_PER_STEP = TIME_COMPRESSION / (365 * 86_400);
const CORRELATION = 0.75;
/** Pull of the log price to its level, per step: keeps hours of market inside the range of the pools. */
const PRICE_PULL = 1 / 600;
const VOLATILITY_PULL = 1 / 120;
const VOLATILITY_OF_VOLATILITY = 0.012;
const VOLATILITY_RANGE = [0.3, 1.5] as const;
const JUMP_PROBABILITY = 0.006;
const JUMP_SIZE = 0.015;
const SETTLEMENT_NOISE = 0.000_02;
const SETTLEMENT_PULL = 0.05;
/** The crash takes this many steps, so that no two feeds are ever a whole crash apart. */
const CRASH_STEPS = 8;
const CRASH_DEPTH: Readonly<Record<Ticker, readonly [number, number]>> = {
  ETH: [0.17, 0.2],
  BTC: [0.15, 0.18],
};
const CRASH_VOLATILITY_FACTOR = 1.6;
/** Share of the crash that the long-run level takes on: prices recover a little over some minutes. */
const CRASH_PERMANENT = 0.9;

type Walk = { logPrice: number; level: number; logVolatility: number; volatilityLevel: number };

/**
 * Jump diffusion with stochastic volatility and one crash of 15 to 20 %, seeded: the same seed and crash
 * step give the same path, whatever is asked for and when.
 *
 * @param crashStep Step at which the crash begins.
 */
export function generatedPath(seed: number, crashStep: number): PricePath {
  const random = createRandom(seed, "prices");
  const crash = crashPlan(createRandom(seed, "crash"));
  const walks: Record<Ticker, Walk> = { ETH: startOf("ETH"), BTC: startOf("BTC") };
  let settlementUsd = 1;
  const states: MarketState[] = [stateOf(walks, settlementUsd)];
  return (step) => {
    const wanted = Math.max(0, Math.floor(step));
    while (states.length <= wanted) {
      const index = states.length;
      const shared = random.normal();
      for (const ticker of TICKERS) {
        advance(walks[ticker], random, shared);
        if (index >= crashStep && index < crashStep + CRASH_STEPS)
          fall(walks[ticker], crash[ticker]);
      }
      settlementUsd += SETTLEMENT_PULL * (1 - settlementUsd) + SETTLEMENT_NOISE * random.normal();
      states.push(stateOf(walks, settlementUsd));
    }
    return states[wanted] ?? stateOf(walks, settlementUsd);
  };
}

function startOf(ticker: Ticker): Walk {
  const logPrice = Math.log(UNDERLYINGS[ticker].startPriceUsd);
  const logVolatility = Math.log(UNDERLYINGS[ticker].startVolatility);
  return { logPrice, level: logPrice, logVolatility, volatilityLevel: logVolatility };
}

/** Log returns of the whole crash. */
function crashPlan(random: Random): Record<Ticker, number> {
  const depth = (ticker: Ticker): number => {
    const [least, most] = CRASH_DEPTH[ticker];
    return Math.log(1 - (least + (most - least) * random.uniform()));
  };
  return { ETH: depth("ETH"), BTC: depth("BTC") };
}

function advance(walk: Walk, random: Random, shared: number): void {
  const volatility = Math.exp(walk.logVolatility);
  const shock = CORRELATION * shared + Math.sqrt(1 - CORRELATION ** 2) * random.normal();
  const jump = random.uniform() < JUMP_PROBABILITY ? JUMP_SIZE * random.normal() : 0;
  walk.logPrice +=
    PRICE_PULL * (walk.level - walk.logPrice) -
    0.5 * volatility ** 2 * YEARS_PER_STEP +
    volatility * Math.sqrt(YEARS_PER_STEP) * shock +
    jump;
  walk.logVolatility +=
    VOLATILITY_PULL * (walk.volatilityLevel - walk.logVolatility) +
    VOLATILITY_OF_VOLATILITY * (random.normal() - 0.5 * shock);
  const [least, most] = VOLATILITY_RANGE;
  walk.logVolatility = Math.min(Math.log(most), Math.max(Math.log(least), walk.logVolatility));
}

function fall(walk: Walk, logReturn: number): void {
  walk.logPrice += logReturn / CRASH_STEPS;
  walk.level += (CRASH_PERMANENT * logReturn) / CRASH_STEPS;
  walk.logVolatility += Math.log(CRASH_VOLATILITY_FACTOR) / CRASH_STEPS;
}

function stateOf(walks: Record<Ticker, Walk>, settlementUsd: number): MarketState {
  return {
    pricesUsd: { ETH: Math.exp(walks.ETH.logPrice), BTC: Math.exp(walks.BTC.logPrice) },
    volatilities: {
      ETH: Math.exp(walks.ETH.logVolatility),
      BTC: Math.exp(walks.BTC.logVolatility),
    },
    settlementUsd,
  };
}
