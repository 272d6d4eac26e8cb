import { TICKERS, type Ticker } from "#test/local/deploy/world-parameters.ts";
import { createRandom, type Random } from "#test/local/market/random.ts";

/** An option that takers trade. */
export type IntentSeries = {
  readonly ticker: Ticker;
  readonly type: "call" | "put";
  readonly strikeUsd: number;
  /** Index into the world's expiries; 0 is the one that settles during the run. */
  readonly expiryIndex: number;
};

/** One trade that a taker wants: buy from a shard, or sell to it (close a long, or write a put). */
export type Leg = {
  readonly shardIndex: number;
  readonly side: "buy" | "sell";
  /** Index into the world's taker accounts. */
  readonly taker: number;
  readonly series: IntentSeries;
  /** Options. */
  readonly quantity: number;
};

/**
 * Trades that belong together: first all of `first`; then `second` in the proportion in which `first`
 * was filled. So the puts bought from shards never outgrow the puts written to them.
 */
export type Intent = {
  readonly id: string;
  /** Seconds from the start of the market. */
  readonly atSeconds: number;
  readonly first: readonly Leg[];
  readonly second: readonly Leg[];
};

export type IntentOptions = {
  readonly seed: number;
  readonly shards: number;
  /** Length of the market in seconds; for a run without an end, that of its first episode. */
  readonly lengthSeconds: number;
  /** Prices at the start, by ticker; strikes follow from them, so that they do not depend on the path. */
  readonly startPricesUsd: Readonly<Record<string, number>>;
};

/** Puts that takers buy from one shard over the build-up, in USD of notional at the start price. */
const PUT_NOTIONAL_USD = 1_000_000;
/** The build-up takes one intent per so many seconds of the run, within these numbers. */
const BUILD_UP_SECONDS = 8;
const BUILD_UP_INTENTS = [8, 24] as const;
const BUILD_UP_SHARE = [0.02, 0.2] as const;
/** Puts written to the other shards beyond those bought: what leaves the whole with negative delta. */
const WRITTEN_EXCESS = [0.14, 0.2] as const;
/** Calls bought, as a share of the puts. */
const CALL_SHARE = [0.06, 0.09] as const;
/** After the build-up: an intent every so many seconds, of this share of the whole build-up. */
const ONGOING_SECONDS = 4;
const ONGOING_SHARE = 0.015;
/** An ongoing intent is closed by the fourth after it. */
const CLOSES_AFTER = 4;
const EXPIRING_NOTIONAL_USD = 20_000;
const STRIKE_FRACTIONS = [0.95, 1, 1.05] as const;
/** In the money whatever the crash does, so that the delta of the expiring series does not jump about. */
const EXPIRING_STRIKE_FRACTION = 1.3;
const BUYERS = [0, 1] as const;
const WRITERS = [2, 3] as const;

/**
 * What takers want, without end and ascending in time; a pure function of the options.
 *
 * Each underlying has shards that sell puts and shards that puts are written to; ETH and BTC have them
 * the other way round. Single shards therefore run either sign, while all together end with calls sold
 * and puts bought: a net delta below zero that is small against the sum of the parts.
 */
export function* takerIntents(options: IntentOptions): Generator<Intent> {
  const random = createRandom(options.seed, "takers");
  const [from, until] = BUILD_UP_SHARE;
  const count = buildUpIntents(options);
  for (let index = 0; index < count; index++) {
    const moment = from + ((until - from) * (index + 0.5 * random.uniform())) / count;
    const atSeconds = moment * options.lengthSeconds;
    for (const ticker of TICKERS) {
      const share = 1 / count;
      yield openIntent(random, options, { kind: "build", ticker, index, atSeconds, share });
    }
    if (index === 1) for (const ticker of TICKERS) yield expiringIntent(options, ticker, atSeconds);
  }
  const opened: Intent[] = [];
  for (let index = 0; ; index++) {
    const atSeconds = until * options.lengthSeconds + ONGOING_SECONDS * (index + random.uniform());
    const ticker = TICKERS[index % TICKERS.length] ?? "ETH";
    const intent = openIntent(random, options, {
      kind: "open",
      ticker,
      index,
      atSeconds,
      share: ONGOING_SHARE,
    });
    opened.push(intent);
    yield intent;
    const toClose = opened.length > CLOSES_AFTER ? opened.shift() : undefined;
    if (toClose !== undefined) yield closeIntent(toClose, atSeconds + 1);
  }
}

function buildUpIntents({ lengthSeconds }: IntentOptions): number {
  const [least, most] = BUILD_UP_INTENTS;
  return Math.min(most, Math.max(least, Math.round(lengthSeconds / BUILD_UP_SECONDS)));
}

/** Whether the shard sells puts of this underlying to takers; the others have puts written to them. */
function sellsPuts(ticker: Ticker, shardIndex: number): boolean {
  return shardIndex % 3 === (ticker === "ETH" ? 0 : 1);
}

function openIntent(
  random: Random,
  options: IntentOptions,
  o: {
    readonly kind: "build" | "open";
    readonly ticker: Ticker;
    readonly index: number;
    readonly atSeconds: number;
    readonly share: number;
  },
): Intent {
  const { ticker, index } = o;
  const startUsd = startPriceUsd(options, ticker);
  const jitter = 0.8 + 0.4 * random.uniform();
  const shards = Array.from({ length: options.shards }, (_, shard) => shard);
  const sellers = shards.filter((shard) => sellsPuts(ticker, shard));
  const buyers = shards.filter((shard) => !sellsPuts(ticker, shard));
  const notionalUsd = PUT_NOTIONAL_USD * sellers.length * o.share * jitter;
  const strikeUsd = roundStrike(startUsd * pick(STRIKE_FRACTIONS, random));
  const put: IntentSeries = {
    ticker,
    type: "put",
    strikeUsd,
    expiryIndex: 2 + (random.uniform() < 0.4 ? 1 : 0),
  };
  const call: IntentSeries = { ...put, type: "call", strikeUsd: roundStrike(startUsd * 1.05) };
  const quantity = notionalUsd / startUsd;
  const excess = between(WRITTEN_EXCESS, random);
  const callQuantity = roundQuantity(quantity * between(CALL_SHARE, random));
  const writer = pick(WRITERS, random);
  const buyer = pick(BUYERS, random);
  return {
    id: `${ticker}-${o.kind}-${index}`,
    atSeconds: o.atSeconds,
    first: [
      ...buyers.map((shardIndex): Leg => {
        const part = (quantity * (1 + excess)) / buyers.length;
        return {
          shardIndex,
          side: "sell",
          taker: writer,
          series: put,
          quantity: roundQuantity(part),
        };
      }),
      {
        shardIndex: index % options.shards,
        side: "buy",
        taker: buyer,
        series: call,
        quantity: callQuantity,
      },
    ],
    second: sellers.map((shardIndex): Leg => {
      const part = roundQuantity(quantity / sellers.length);
      return { shardIndex, side: "buy", taker: buyer, series: put, quantity: part };
    }),
  };
}

/** The way back: takers sell what they bought, then writers buy back in proportion. */
function closeIntent(opened: Intent, atSeconds: number): Intent {
  const reversed = (leg: Leg): Leg => ({ ...leg, side: leg.side === "buy" ? "sell" : "buy" });
  const calls = opened.first.filter((leg) => leg.series.type === "call");
  const written = opened.first.filter((leg) => leg.series.type === "put");
  return {
    id: opened.id.replace("open", "close"),
    atSeconds,
    first: opened.second.map(reversed),
    second: [...written, ...calls].map(reversed),
  };
}

/** A few options far in the money on the expiry that settles, as many written as bought. */
function expiringIntent(options: IntentOptions, ticker: Ticker, atSeconds: number): Intent {
  const startUsd = startPriceUsd(options, ticker);
  const series: IntentSeries = {
    ticker,
    type: "put",
    strikeUsd: roundStrike(startUsd * EXPIRING_STRIKE_FRACTION),
    expiryIndex: 0,
  };
  const quantity = roundQuantity(EXPIRING_NOTIONAL_USD / startUsd);
  const seller = ticker === "ETH" ? 0 : 1;
  const buyer = (seller + 1) % options.shards;
  return {
    id: `${ticker}-expiring`,
    atSeconds,
    first: [{ shardIndex: buyer, side: "sell", taker: WRITERS[0], series, quantity }],
    second: [{ shardIndex: seller, side: "buy", taker: BUYERS[0], series, quantity }],
  };
}

function startPriceUsd(options: IntentOptions, ticker: Ticker): number {
  const price = options.startPricesUsd[ticker];
  if (price === undefined) throw new RangeError(`startPricesUsd: no price of ${ticker}`);
  return price;
}

function pick<T>(values: readonly [T, ...T[]], random: Random): T {
  return values[Math.floor(random.uniform() * values.length)] ?? values[0];
}

function between([least, most]: readonly [number, number], random: Random): number {
  return least + (most - least) * random.uniform();
}

/** Four significant digits: the strikes people use. */
function roundStrike(strikeUsd: number): number {
  return Number(strikeUsd.toPrecision(4));
}

function roundQuantity(quantity: number): number {
  return Number(quantity.toPrecision(4));
}
