import type { Policy } from "#shared/policy/policy-schema.ts";
import { exposureOf, halfWidth, type ShardRisk } from "#test/local/check/accounts/book-risk.ts";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";
import type { ChainState, UnderlyingState } from "#test/local/observe/chain-state.ts";
import { WATCH_GAP_MAX_MS } from "#test/local/observe/exposure-totals.ts";
import {
  applyNaiveFill,
  EMPTY_NAIVE_BOOK,
  holdNaiveBook,
  type NaiveBook,
  type NaiveIntent,
  naiveIntent,
} from "#test/local/observe/naive-hedger.ts";
import { quoteOnPool } from "#test/local/observe/pool-quote.ts";
import type { WorldUnderlying } from "#test/local/world-description.ts";

/** A purchase limited by the cash plans with this much above the feed for fee and impact. */
const CASH_MARGIN = 1.02;
/** A purchase limited by the cash is made only from this share of the half-width on. */
const MINIMUM_BAND_SHARE = 0.1;

/** The naive alternative of one shard in one underlying, with what held since the last sample. */
export type NaiveLine = {
  readonly shard: string;
  readonly ticker: string;
  readonly book: NaiveBook;
  readonly outside: boolean;
  readonly spotUsd: number;
  readonly unhedged: NaiveIntent["unhedged"];
};

/** What the naive alternative of one shard is decided from. */
export type NaiveInput = {
  readonly observed: ObservedChain;
  readonly state: ChainState;
  readonly risk: ShardRisk;
  readonly policy: Policy;
  readonly gasUsd: number;
  /** Settlement asset the vault would hold had the coordinator moved nothing. */
  readonly cashRaw: bigint;
  readonly elapsedMs: number;
  readonly lines: readonly NaiveLine[];
};

/**
 * The naive alternative of one shard after one more sample: time passes, each underlying is decided
 * by the band rule on the shard's own delta, gamma and net asset value, and a trade is priced by a
 * quote of the shard's own pool at the sample's block.
 *
 * @throws {Error} viem's error when a quote could not be had; the lines given stay valid.
 */
export async function stepNaive(input: NaiveInput): Promise<readonly NaiveLine[]> {
  const watchedMs = input.elapsedMs <= WATCH_GAP_MAX_MS ? input.elapsedMs : 0;
  let cashRaw = input.cashRaw;
  for (const line of input.lines) cashRaw -= line.book.spentRaw;
  const lines: NaiveLine[] = [];
  for (const underlying of input.observed.chain.underlyings) {
    const line = lineOf(input, underlying.ticker);
    const book = holdNaiveBook(line.book, { ...line, elapsedMs: watchedMs });
    const next = await decide(input, underlying, { ...line, book }, cashRaw);
    cashRaw -= next.book.spentRaw - line.book.spentRaw;
    lines.push(next);
  }
  return lines;
}

async function decide(
  input: NaiveInput,
  underlying: WorldUnderlying,
  line: NaiveLine,
  cashRaw: bigint,
): Promise<NaiveLine> {
  const { policy, risk, state, observed } = input;
  const { ticker } = underlying;
  const exposure = exposureOf(risk, ticker);
  const spotUsd = marketOf(state, ticker).spotUsd;
  const halfWidthUnits = halfWidth(policy, ticker, {
    gammaUnitsPerUsd: exposure.gammaUnitsPerUsd,
    spotUsd,
    navUsd: risk.navUsd,
    gasUsd: input.gasUsd,
  });
  const cashUsd = (Number(cashRaw) / 10 ** state.settlementDecimals) * state.settlementPriceUsd;
  const intent = naiveIntent({
    book: line.book,
    decimals: underlying.decimals,
    optionDeltaUnits: exposure.optionDeltaUnits,
    halfWidthUnits,
    targetFraction: policy.underlyings[ticker]?.hedgeTargetFraction ?? 1,
    minimumUnits: MINIMUM_BAND_SHARE * halfWidthUnits,
    affordableUnits: cashUsd / CASH_MARGIN / spotUsd,
  });
  const after = { ...line, spotUsd, unhedged: intent.unhedged };
  const outsideOf = (book: NaiveBook) =>
    Math.abs(exposure.optionDeltaUnits + Number(book.heldRaw) / 10 ** underlying.decimals) >
    halfWidthUnits;
  if (intent.trade === null) return { ...after, outside: outsideOf(line.book) };
  const { trade } = intent;
  const quote = await quoteOnPool(observed, {
    underlying,
    trade,
    blockNumber: BigInt(state.blockNumber),
  });
  const isUnaffordable = trade.side === "buy" && quote !== null && quote > cashRaw;
  if (quote === null || isUnaffordable) {
    const units =
      Number(trade.amountRaw) / 10 ** underlying.decimals + (intent.unhedged?.units ?? 0);
    const reason = quote === null ? "no-depth" : "no-cash";
    return { ...after, outside: true, unhedged: { reason, units } };
  }
  const book = applyNaiveFill(line.book, {
    trade,
    settlementRaw: quote,
    settlementUsd: (Number(quote) / 10 ** state.settlementDecimals) * state.settlementPriceUsd,
    feedUsd: (Number(trade.amountRaw) / 10 ** underlying.decimals) * spotUsd,
    poolFeeFraction: underlying.pool.fee / 1e6,
  });
  return { ...after, book, outside: outsideOf(book) };
}

function lineOf(input: NaiveInput, ticker: string): NaiveLine {
  const shard = input.observed.chain.shard;
  const known = input.lines.find((line) => line.ticker === ticker);
  return (
    known ?? { shard, ticker, book: EMPTY_NAIVE_BOOK, outside: false, spotUsd: 0, unhedged: null }
  );
}

function marketOf(state: ChainState, ticker: string): UnderlyingState {
  const market = state.underlyings.find((u) => u.ticker === ticker);
  if (market === undefined)
    throw new RangeError(`shard ${state.shard}: its chain has no underlying ${ticker}`);
  return market;
}
