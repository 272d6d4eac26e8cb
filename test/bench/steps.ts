import { generateKeyPairSync } from "node:crypto";
import { acceptReport } from "#coordinator/stages/messages/accept-report.ts";
import { netGreeks, quantiseGreeks } from "#shared/risk/portfolio/netting.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { type OptionPosition, valueOption } from "#shared/risk/pricing/option-position.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { decodeMessage, encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import {
  isSignedBy,
  publicKeyHex,
  reporterPublicKey,
  signBytes,
} from "#shared/wire/signed-bytes.ts";
import { address20, aShardReport } from "#test/support/coordinator/shard-report.ts";

/** A step of the main path on a book of 100 series in 3 shards, and what one call of it does. */
export type Step = { readonly name: string; readonly run: () => unknown };

const SERIES = 100;
const NOW_MS = 1_790_000_000_500;
const EXPIRIES_MS = [7, 30, 90].map((days) => NOW_MS + days * 86_400_000);

const MARKET = {
  spotUsd: 2000,
  nowMs: NOW_MS,
  slices: EXPIRIES_MS.map((expiryMs) => {
    return { expiryMs, a: 0.002, b: 0.02, rho: -0.3, m: 0, sigma: 0.1 };
  }),
};

const POSITIONS = Array.from({ length: SERIES }, (_, index): OptionPosition => {
  return {
    underlying: "ETH",
    type: index % 2 === 0 ? "call" : "put",
    strikeUsd: 1500 + index * 10,
    expiryMs: EXPIRIES_MS[index % EXPIRIES_MS.length] ?? NOW_MS,
    quantity: index % 3 === 0 ? 2.5 : -4,
  };
});

const REPORT = aShardReport({
  seq: NOW_MS,
  book: POSITIONS.map((position, index) => {
    const seriesId = `0x${index.toString(16).padStart(64, "0")}` as const;
    return { kind: "option", venue: "option-book", seriesId, markUsd: 30, ...position };
  }),
});

/** The steps, from one price to one accepted report. */
export function steps(): Step[] {
  const { privateKey } = generateKeyPairSync("ed25519");
  const publicHex = publicKeyHex(privateKey);
  const publicKey = reporterPublicKey(publicHex);
  const body = encodeMessage(REPORT);
  const signature = signBytes(body, privateKey);
  const inputs = { spotUsd: 2000, strikeUsd: 2100, years: 0.1, volatility: 0.6, rate: 0, carry: 0 };
  const parts = Array.from({ length: 300 }, () => {
    return quantiseGreeks(valueOption(POSITIONS[0] ?? failNoPosition(), MARKET), 1e-6);
  });
  const message = { shard: "base", agent: "base-1", entryId: `${NOW_MS}-0`, body, signature };
  const context = { setup: setupOf(publicHex), lastSeq: 0, lastEntry: undefined, ...clock };
  return [
    {
      name: "price and seven Greeks of one option",
      run: () => blackScholes({ type: "call", ...inputs }),
    },
    {
      name: "value a book of 100 series",
      run: () => POSITIONS.map((one) => valueOption(one, MARKET)),
    },
    {
      name: "P&L of 100 series on the grid of 33 scenarios",
      run: () => optionScenarioPnlUsd(POSITIONS, 10, MARKET, STANDARD_GRID),
    },
    { name: "net 300 lines of Greeks exactly", run: () => netGreeks(parts) },
    { name: `encode a report (${body.length} bytes)`, run: () => encodeMessage(REPORT) },
    { name: "decode a report", run: () => decodeMessage(body) },
    { name: "sign a report", run: () => signBytes(body, privateKey) },
    { name: "verify a report's signature", run: () => isSignedBy(body, signature, publicKey) },
    {
      name: "accept a report: signature, schema, sequence, age",
      run: () => requireAccepted(acceptReport(message, context)),
    },
  ];
}

const clock = { nowMs: NOW_MS, sequenceAheadMaxMs: 60_000 };

function setupOf(reporterPublicKey: string) {
  return {
    shard: "base",
    chainId: 8453,
    endpointId: 30_184,
    nativeTicker: "ETH",
    blockTimeMs: 1000,
    staleAfterMs: 5000,
    vault: address20("fa"),
    settlement: { ticker: "USDX", token: address20("c0"), decimals: 6 },
    underlyings: [{ ticker: "ETH", token: address20("e0"), decimals: 18 }],
    agents: [{ id: "base-1", reporterPublicKey }],
  };
}

/** A refused report would be timed as a fast one. */
function requireAccepted(outcome: ReturnType<typeof acceptReport>): void {
  if (!outcome.accepted) throw new Error(`${outcome.reason}: ${outcome.detail}`);
}

function failNoPosition(): never {
  throw new Error("the book is empty");
}
