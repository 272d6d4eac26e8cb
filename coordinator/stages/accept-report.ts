import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import type { ShardSetup, TokenSetup } from "#coordinator/records/shard-setup.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import { decodeMessage } from "#shared/wire/msgpack-codec.ts";
import {
  SHARD_REPORT_VERSION,
  type ShardReport,
  shardReportSchema,
} from "#shared/wire/shard-report.ts";
import { isSignedBy, reporterPublicKey } from "#shared/wire/signed-bytes.ts";

/** Why a report is refused; stable codes, counted one by one. */
export const REPORT_REFUSALS = [
  "malformed",
  "unsupported-version",
  "forged",
  "unknown-agent",
  "wrong-shard",
  "wrong-chain",
  "sequence-mismatch",
  "sequence-ahead",
  "duplicate-or-out-of-order",
  "stale",
  "block-regressed",
] as const;

type ReportRefusal = (typeof REPORT_REFUSALS)[number];

/** A stream entry as it arrived, and where. */
export type ReportMessage = {
  readonly shard: string;
  readonly agent: string;
  readonly entryId: string;
  readonly body: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
};

export type AcceptContext = {
  readonly setup: ShardSetup;
  /** Newest accepted sequence of this agent; 0 when there is none. */
  readonly lastSeq: number;
  /** Newest accepted report of the shard, from any agent. */
  readonly lastEntry: BookEntry | undefined;
  readonly nowMs: number;
  readonly sequenceAheadMaxMs: number;
};

export type AcceptOutcome =
  | { readonly accepted: true; readonly entry: BookEntry }
  | { readonly accepted: false; readonly reason: ReportRefusal; readonly detail: string };

/**
 * Decides on one report. The signature is checked over the bytes as received, before anything is
 * decoded. A refusal changes nothing: the next report of the same agent is judged afresh.
 */
export function acceptReport(message: ReportMessage, context: AcceptContext): AcceptOutcome {
  const decoded = decodeSigned(message, context.setup);
  if ("accepted" in decoded) return decoded;
  const report = decoded.report;
  const refusal =
    refuseIdentity(report, message, context.setup) ??
    refuseSequence(report, message, context) ??
    refuseAge(report, context) ??
    refuseContent(report, context.setup);
  return refusal ?? { accepted: true, entry: { report, acceptedAtMs: context.nowMs } };
}

type Refused = Extract<AcceptOutcome, { accepted: false }>;

function refuse(reason: ReportRefusal, detail: string): Refused {
  return { accepted: false, reason, detail };
}

function decodeSigned(
  message: ReportMessage,
  setup: ShardSetup,
): Refused | { readonly report: ShardReport } {
  const { body, signature } = message;
  if (body === undefined) return refuse("malformed", "body: field is missing");
  if (signature === undefined) return refuse("malformed", "sig: field is missing");
  const agent = setup.agents.find((candidate) => candidate.id === message.agent);
  if (agent === undefined) return refuse("unknown-agent", unknownAgent(message.agent, setup));
  if (!isSignedBy(body, signature, reporterPublicKey(agent.reporterPublicKey))) {
    return refuse(
      "forged",
      `sig: is not the signature of agent ${agent.id} over these ${body.length} bytes`,
    );
  }
  return decodeBody(body);
}

function decodeBody(body: Uint8Array): Refused | { readonly report: ShardReport } {
  let value: unknown;
  try {
    value = decodeMessage(body);
  } catch (error) {
    return refuse(
      "malformed",
      `body: is not msgpack: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const version =
    typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (typeof version === "number" && version !== SHARD_REPORT_VERSION) {
    return refuse(
      "unsupported-version",
      `version: found ${version}; must be ${SHARD_REPORT_VERSION}`,
    );
  }
  const parsed = shardReportSchema.safeParse(value);
  if (parsed.success) return { report: parsed.data };
  return refuse("malformed", describeIssues(parsed.error, value).slice(0, 5).join("; "));
}

function refuseIdentity(
  report: ShardReport,
  message: ReportMessage,
  setup: ShardSetup,
): Refused | undefined {
  if (report.agent !== message.agent) {
    return refuse(
      "unknown-agent",
      `agent: found ${report.agent}; the stream is ${message.agent}'s`,
    );
  }
  if (report.shard !== setup.shard) {
    return refuse("wrong-shard", `shard: found ${report.shard}; the stream is ${setup.shard}'s`);
  }
  if (report.chainId !== setup.chainId) {
    return refuse(
      "wrong-chain",
      `chainId: found ${report.chainId}; ${setup.shard} is on ${setup.chainId}`,
    );
  }
  return undefined;
}

function unknownAgent(agent: string, setup: ShardSetup): string {
  return `agent: found ${agent}; ${setup.shard} has ${setup.agents.map((known) => known.id).join(", ")}`;
}

function refuseSequence(
  report: ShardReport,
  message: ReportMessage,
  context: AcceptContext,
): Refused | undefined {
  if (`${report.seq}-0` !== message.entryId) {
    return refuse(
      "sequence-mismatch",
      `seq: found ${report.seq}; the stream entry is ${message.entryId}`,
    );
  }
  const newestMs = context.nowMs + context.sequenceAheadMaxMs;
  if (report.seq > newestMs) {
    return refuse(
      "sequence-ahead",
      `seq: found ${report.seq}, ${report.seq - context.nowMs} ms ahead of the clock; at most ${context.sequenceAheadMaxMs} ms`,
    );
  }
  if (report.seq <= context.lastSeq) {
    return refuse(
      "duplicate-or-out-of-order",
      `seq: found ${report.seq}; must be above ${context.lastSeq}`,
    );
  }
  return undefined;
}

function refuseAge(report: ShardReport, context: AcceptContext): Refused | undefined {
  const blockMs = report.block.timestampMs;
  const ageMs = context.nowMs - blockMs;
  if (-ageMs > context.sequenceAheadMaxMs) {
    return refuse(
      "sequence-ahead",
      `block.timestampMs: ${-ageMs} ms ahead of the clock; at most ${context.sequenceAheadMaxMs} ms`,
    );
  }
  if (ageMs > context.setup.staleAfterMs) {
    return refuse(
      "stale",
      `block ${report.block.number} is ${ageMs} ms old; at most ${context.setup.staleAfterMs} ms`,
    );
  }
  const last = context.lastEntry;
  if (last !== undefined && entryAgeMs(last, blockMs) < 0) {
    return refuse(
      "block-regressed",
      `block ${report.block.number} of ${blockMs} ms; already accepted: block ${last.report.block.number} of ${last.report.block.timestampMs} ms`,
    );
  }
  return undefined;
}

/** A well-formed report may still speak of things the shard does not have, or say one thing twice. */
function refuseContent(report: ShardReport, setup: ShardSetup): Refused | undefined {
  const problem =
    unknownTickers(report, setup) ??
    wrongCollateral(report, setup) ??
    repeated(
      "book",
      report.book.map((line) => line.seriesId),
    ) ??
    repeated(
      "collateral",
      report.collateral.map((line) => `${line.token.toLowerCase()} ${line.location}`),
    ) ??
    repeated(
      "market",
      report.market.map((line) => line.underlying),
    ) ??
    repeated(
      "capacity",
      report.capacity.map((line) => line.pool.toLowerCase()),
    ) ??
    repeated(
      "consumedJobs",
      report.consumedJobs.map((line) => line.jobId),
    ) ??
    repeated(
      "deliveredTransfers",
      report.deliveredTransfers.map((line) => line.guid),
    );
  return problem === undefined ? undefined : refuse("malformed", problem);
}

function unknownTickers(report: ShardReport, setup: ShardSetup): string | undefined {
  const known = setup.underlyings.map((token) => token.ticker);
  const lists = {
    market: report.market,
    book: report.book,
    greeks: report.greeks,
    capacity: report.capacity,
  };
  for (const [name, lines] of Object.entries(lists)) {
    const index = lines.findIndex((line) => !known.includes(line.underlying));
    if (index >= 0) {
      return `${name}[${index}].underlying: found ${lines[index]?.underlying}; ${setup.shard} has ${known.join(", ")}`;
    }
  }
  const wrong = report.capacity.findIndex((line) => {
    const token = setup.underlyings.find((candidate) => candidate.ticker === line.underlying);
    return token !== undefined && !sameAddress(token.token, line.token);
  });
  return wrong < 0
    ? undefined
    : `capacity[${wrong}].token: is not the shard's token of ${report.capacity[wrong]?.underlying}`;
}

function wrongCollateral(report: ShardReport, setup: ShardSetup): string | undefined {
  for (const [index, line] of report.collateral.entries()) {
    const token = tokenOf(line.underlying, setup);
    if (token === undefined)
      return `collateral[${index}].underlying: found ${line.underlying}; the shard does not hold it`;
    if (!sameAddress(token.token, line.token)) {
      return `collateral[${index}].token: found ${line.token}; ${token.ticker} is ${token.token}`;
    }
    if (token.decimals !== line.decimals) {
      return `collateral[${index}].decimals: found ${line.decimals}; ${token.ticker} has ${token.decimals}`;
    }
  }
  return undefined;
}

function tokenOf(underlying: string | null, setup: ShardSetup): TokenSetup | undefined {
  if (underlying === null) return setup.settlement;
  return setup.underlyings.find((token) => token.ticker === underlying);
}

function sameAddress(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function repeated(list: string, keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (seen.has(key)) return `${list}[${index}]: ${key} is listed twice`;
    seen.add(key);
  }
  return undefined;
}
