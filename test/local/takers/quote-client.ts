import { z } from "zod";
import type { Address } from "#shared/units/ids.ts";
import { addressSchema, hexSchema, rawAmountSchema } from "#shared/wire/scalars.ts";
import type { IntentSeries, Leg } from "#test/local/takers/intents.ts";

const quoteSchema = z.object({
  quote: z.object({
    taker: addressSchema,
    underlying: addressSchema,
    isCall: z.boolean(),
    vaultSells: z.boolean(),
    expiry: rawAmountSchema,
    strike: rawAmountSchema,
    quantity: rawAmountSchema,
    premium: rawAmountSchema,
    spotMin: rawAmountSchema,
    spotMax: rawAmountSchema,
    nonce: rawAmountSchema,
    deadline: rawAmountSchema,
  }),
  signature: hexSchema,
});

/** A signed quote as the option book takes it. */
export type SignedQuote = z.infer<typeof quoteSchema>;

export type QuoteAnswer =
  | { readonly quoted: true; readonly quote: SignedQuote }
  /** `code` is the server's, or `unreachable`. */
  | { readonly quoted: false; readonly code: string; readonly detail: string };

export type QuoteRequest = {
  readonly taker: Address;
  readonly side: Leg["side"];
  readonly series: IntentSeries;
  readonly expiryMs: number;
  readonly quantity: number;
};

const TIMEOUT_MS = 5_000;

/** Asks a shard's quote server for a price; refusals and failures are answers. */
export async function requestQuote(quotesUrl: string, request: QuoteRequest): Promise<QuoteAnswer> {
  const { ticker, type, strikeUsd } = request.series;
  const { taker, side, expiryMs, quantity } = request;
  try {
    const response = await fetch(`${quotesUrl}/v1/quotes`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        taker,
        underlying: ticker,
        type,
        side,
        expiryMs,
        strikeUsd,
        quantity,
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    if (response.ok) return { quoted: true, quote: quoteSchema.parse(body) };
    const problem = z.object({ code: z.string(), detail: z.string().optional() }).safeParse(body);
    if (!problem.success)
      return { quoted: false, code: `http-${response.status}`, detail: JSON.stringify(body) };
    return { quoted: false, code: problem.data.code, detail: problem.data.detail ?? "" };
  } catch (error) {
    return { quoted: false, code: "unreachable", detail: String(error) };
  }
}
