import type { PositionReader } from "#shard-agent/ports/chain.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { QuoteSigner } from "#shard-agent/ports/quote-signer.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import {
  type OptionQuote,
  type OptionRequest,
  optionRequestSchema,
  type QuoteRefusalCode,
  type QuoteTerms,
} from "#shard-agent/records/option-request.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import { quoteOption } from "#shard-agent/stages/quote-option.ts";
import { valueBook } from "#shard-agent/stages/value-book.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Hex } from "#shared/units/ids.ts";
import { rawFromUnitsNearest } from "#shared/units/token-amount.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";

export type QuotePorts = {
  readonly memory: Memory;
  readonly positions: PositionReader;
  readonly signer: QuoteSigner;
  readonly clock: Clock;
  readonly watch: ReadWatch;
  readonly scope: ShardScope;
  readonly terms: QuoteTerms;
};

/** The answer to one request; `malformed` names every wrong field. */
export type QuoteAnswer =
  | {
      readonly kind: "quote";
      readonly quote: OptionQuote;
      readonly signature: Hex;
      readonly premiumUsd: number;
      readonly volatility: number;
      readonly deltaUnits: number;
    }
  | { readonly kind: "refused"; readonly code: QuoteRefusalCode; readonly detail: string }
  | { readonly kind: "malformed"; readonly errors: readonly string[] };

/**
 * Prices and signs one option trade.
 *
 * @throws {RetryableError} When the taker's position cannot be read.
 */
export async function answerQuote(ports: QuotePorts, body: unknown): Promise<QuoteAnswer> {
  const parsed = optionRequestSchema.safeParse(body);
  if (!parsed.success) return { kind: "malformed", errors: describeIssues(parsed.error, body) };
  const { snapshot, reportBlockTimestampMs } = ports.memory;
  if (snapshot === null)
    return { kind: "refused", code: "not-ready", detail: "the chain has not been read yet" };
  const disagreement = ports.watch.disagreement();
  if (disagreement !== null) {
    const detail = "the chain's endpoints contradict each other";
    return { kind: "refused", code: "rpc-disagreement", detail };
  }
  const conditions = {
    nowMs: ports.clock.nowMs(),
    snapshot,
    reportBlockTimestampMs,
    takerLongE18: await takerLong(ports, parsed.data),
    nonce: ports.signer.nonce(),
  };
  const outcome = quoteOption(parsed.data, conditions, ports.terms, ports.scope);
  if (!outcome.quoted) return { kind: "refused", code: outcome.code, detail: outcome.detail };
  const { quote, premiumUsd, volatility, deltaUnits } = outcome;
  return {
    kind: "quote",
    quote,
    signature: await ports.signer.sign(quote),
    premiumUsd,
    volatility,
    deltaUnits,
  };
}

/** Only a call that is sold back depends on what the taker holds. */
async function takerLong(ports: QuotePorts, request: OptionRequest): Promise<bigint> {
  const underlying = ports.scope.underlyings.find((one) => one.ticker === request.underlying);
  if (underlying === undefined || request.side !== "sell" || request.type !== "call") return 0n;
  const seriesId = ports.positions.seriesId({
    underlying: underlying.token,
    isCall: true,
    expirySeconds: BigInt(request.expiryMs / 1000),
    strikeE8: rawFromUnitsNearest(request.strikeUsd, 8),
  });
  return ports.positions.takerLongE18(seriesId, request.taker);
}

/** Live series of the book and the expiries that can be quoted; null before the first snapshot. */
export function listSeries(ports: Pick<QuotePorts, "memory" | "scope">): object | null {
  const { snapshot, settlementPrices } = ports.memory;
  if (snapshot === null) return null;
  const valued = valueBook(snapshot, ports.scope, settlementPrices);
  return {
    blockNumber: snapshot.block.number,
    live: valued.book.map(({ kind: _kind, ...line }) => line),
    listed: valued.market.flatMap((line) =>
      line.volatility.map((slice) => ({
        underlying: line.underlying,
        expiryMs: slice.expiryMs,
        spotUsd: line.spotUsd,
      })),
    ),
  };
}
