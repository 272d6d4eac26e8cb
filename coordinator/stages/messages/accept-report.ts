import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import type { ShardSetup, TokenSetup } from "#coordinator/records/shard-setup.ts";
import { implausibleFigure } from "#coordinator/stages/messages/implausible-figure.ts";
import { type AgentMessage, openMessage } from "#coordinator/stages/messages/open-message.ts";
import { compileSchema } from "#shared/wire/compile-schema.ts";
import {
  SHARD_REPORT_VERSION,
  type ShardReport,
  shardReportSchema,
} from "#shared/wire/shard-report.ts";

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

const REPORT_WIRE = { schema: compileSchema(shardReportSchema), version: SHARD_REPORT_VERSION };

type ReportRefusal = (typeof REPORT_REFUSALS)[number];

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
export function acceptReport(message: AgentMessage, context: AcceptContext): AcceptOutcome {
  const opened = openMessage(message, context.setup, REPORT_WIRE);
  if (!opened.opened) return refuse(opened.reason, opened.detail);
  const report = opened.content;
  const refusal =
    refuseChain(report, context.setup) ??
    refuseSequence(report, message, context) ??
    refuseAge(report, context) ??
    refuseContent(report, context.setup);
  return refusal ?? { accepted: true, entry: { report, acceptedAtMs: context.nowMs } };
}

type Refused = Extract<AcceptOutcome, { accepted: false }>;

function refuse(reason: ReportRefusal, detail: string): Refused {
  return { accepted: false, reason, detail };
}

function refuseChain(report: ShardReport, setup: ShardSetup): Refused | undefined {
  if (report.chainId !== setup.chainId) {
    return refuse(
      "wrong-chain",
      `chainId: found ${report.chainId}; ${setup.shard} is on ${setup.chainId}`,
    );
  }
  return undefined;
}

function refuseSequence(
  report: ShardReport,
  message: AgentMessage,
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
    implausibleFigure(report) ??
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
    ) ??
    repeated(
      "routes",
      report.routes.map((line) => String(line.dstEid)),
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
