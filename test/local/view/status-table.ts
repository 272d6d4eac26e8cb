import type { DecisionAnswer, RiskAnswer, ShardAnswer } from "#test/local/observe/admin-api.ts";
import {
  formatClock,
  formatDuration,
  formatNumber,
  formatSigned,
  formatUsd,
} from "#test/local/view/figures.ts";
import { type Column, fitLine, textTable } from "#test/local/view/text-table.ts";

/** What the view last heard. `failure` is why the latest question failed; null when it was answered. */
export type Status = {
  readonly atMs: number;
  readonly endsAtMs: number | null;
  readonly risk: RiskAnswer | null;
  readonly shards: readonly ShardAnswer[];
  /** Newest first. */
  readonly decisions: readonly DecisionAnswer[];
  readonly failure: string | null;
};

const DECISIONS_SHOWN = 6;

const LEFT = (heading: string): Column => ({ heading, align: "left" });
const RIGHT = (heading: string): Column => ({ heading, align: "right" });
const REPORT_COLUMNS = [LEFT("shard"), RIGHT("block"), RIGHT("age")];
const CAPITAL_COLUMNS = [RIGHT("collateral"), RIGHT("solvency"), LEFT("mode")];

/**
 * The live table as lines, none wider than `width` and at most `height` of them: what does not fit is
 * left out of the decisions first, then of the shards; the net always stays.
 */
export function statusTable(status: Status, width: number, height: number): string[] {
  const failure =
    status.failure === null ? [] : [`admin API: ${status.failure}; showing what was last heard`];
  const head = [headline(status), ...failure, ""];
  const net = ["", ...netLines(status)];
  const shards = shardLines(status, width);
  const decisions = ["", "last decisions", ...decisionLines(status.decisions)];
  const heightOfShards = Math.max(2, height - head.length - net.length);
  const lines = [...head, ...cutTo(shards, heightOfShards), ...net];
  const heightOfDecisions = height - lines.length;
  if (heightOfDecisions > 2) lines.push(...decisions.slice(0, heightOfDecisions));
  return lines.map((line) => fitLine(line, width));
}

/** The first `height` lines, the last of them saying how many are missing. */
function cutTo(lines: readonly string[], height: number): string[] {
  if (lines.length <= height) return [...lines];
  return [...lines.slice(0, height - 1), `… ${lines.length - height + 1} more lines`];
}

/** One line on the state of everything, for output that is not a terminal. */
export function statusLine(status: Status): string {
  const { risk } = status;
  const clock = formatClock(status.atMs);
  if (status.failure !== null) return `${clock} admin API: ${status.failure}`;
  if (risk === null || Object.keys(risk.net).length === 0) {
    return `${clock} waiting for the first numbers`;
  }
  const nets = Object.entries(risk.net).map(([ticker, net]) => {
    const band = formatNumber(net.bandHalfWidthUnits, 3);
    return `${ticker} net ${formatSigned(net.greeks.deltaUnits, 3)} band ±${band} ${net.status}`;
  });
  const shards = status.shards.map((s) => `${s.id} ${s.mode}`);
  const mode =
    risk.mode === "run" ? [] : [`${risk.mode.toUpperCase()} ${risk.haltReasons.join(", ")}`];
  return [
    `${clock} ${nets.join(" · ")}`,
    `in flight ${risk.jobsInFlight}`,
    shards.join(", "),
    ...mode,
  ].join(" · ");
}

/** One line on a decision that acts, or null when it changes nothing. */
export function decisionLine(decision: DecisionAnswer): string | null {
  const hedges = decision.underlyings
    .filter((u) => u.action === "hedge")
    .map(
      (u) =>
        `${sideOf(u.tradeUnits)} ${u.underlying} (net ${formatSigned(u.netDeltaUnits, 3)}): ${u.reason}`,
    );
  const transfers = decision.transfers.map(
    (t) => `move ${formatUsd(t.amountUsd)} ${t.source} → ${t.target}: ${t.reason}`,
  );
  const moves = decision.treasury.map(({ shard, venue, amountUsd, reason }) => {
    const way = amountUsd < 0 ? `${venue} → ${shard}` : `${shard} → ${venue}`;
    return `move ${formatUsd(Math.abs(amountUsd))} ${way}: ${reason}`;
  });
  const acts = [...hedges, ...transfers, ...moves];
  return acts.length === 0 ? null : `${formatClock(decision.atMs)} ${acts.join("; ")}`;
}

function headline({ atMs, endsAtMs, risk }: Status): string {
  const rest =
    endsAtMs === null ? "until Ctrl-C" : `${formatDuration(Math.max(0, endsAtMs - atMs))} left`;
  if (risk === null)
    return `riskshard ${formatClock(atMs)} · waiting for the first numbers · ${rest}`;
  const mode =
    risk.mode === "run" ? "RUN" : `${risk.mode.toUpperCase()}: ${risk.haltReasons.join(", ")}`;
  const shadow = risk.shadow ? " · SHADOW, nothing is signed" : "";
  return `riskshard ${formatClock(atMs)} · ${mode}${shadow} · jobs in flight ${risk.jobsInFlight} · ${rest}`;
}

/** One row per shard when that fits, else one per shard and underlying. */
function shardLines(status: Status, width: number): string[] {
  const lines = wideShardLines(status);
  const fits = lines.every((line) => line.length <= width);
  return fits ? lines : narrowShardLines(status);
}

function wideShardLines({ shards, risk }: Status): string[] {
  const tickers = Object.keys(risk?.net ?? {});
  const perTicker = tickers.flatMap((t) => [RIGHT(`Δ ${t}`), RIGHT(`Γ ${t}`), RIGHT(`vega ${t}`)]);
  const rows = shards.map((shard) => {
    const greeks = tickers.flatMap((ticker) => greekCells(shard, ticker));
    return [...reportCells(shard), ...greeks, ...capitalCells(shard)];
  });
  return textTable([...REPORT_COLUMNS, ...perTicker, ...CAPITAL_COLUMNS], rows);
}

function narrowShardLines({ shards, risk }: Status): string[] {
  const tickers = Object.keys(risk?.net ?? {});
  const columns = [
    ...REPORT_COLUMNS,
    LEFT("of"),
    RIGHT("Δ"),
    RIGHT("Γ"),
    RIGHT("vega"),
    RIGHT("collateral"),
    LEFT("mode, solvency"),
  ];
  const rows = shards.flatMap((shard) => {
    const [collateral = "", solvency = "", mode = ""] = capitalCells(shard);
    // The second row of a shard has room for the ratio; a world has at least two underlyings.
    const capital = [
      [collateral, mode],
      ["", solvency],
    ];
    return tickers.map((ticker, i) => [
      ...(i === 0 ? reportCells(shard) : ["", "", ""]),
      ticker,
      ...greekCells(shard, ticker),
      ...(capital[i] ?? []),
    ]);
  });
  return textTable(columns, rows);
}

function reportCells({ id, lastReport }: ShardAnswer): string[] {
  const block = lastReport === null ? "-" : String(lastReport.blockNumber);
  return [id, block, formatDuration(lastReport?.ageMs ?? null)];
}

function greekCells(shard: ShardAnswer, ticker: string): string[] {
  const greeks = shard.greeks[ticker];
  return [
    formatSigned(greeks?.deltaUnits ?? null, 3),
    formatSigned(greeks?.gammaUnitsPerUsd ?? null, 5),
    formatSigned(greeks?.vegaUsdPerVolPoint ?? null, 0),
  ];
}

function capitalCells(shard: ShardAnswer): string[] {
  const solvency = formatNumber(shard.solvencyRatio, 2);
  return [formatUsd(shard.collateralUsd), solvency, [shard.mode, ...shard.reasons].join(" ")];
}

function netLines({ risk }: Status): string[] {
  const headings = ["net", "spot", "Δ", "in flight", "band ±", "Γ", "vega"];
  const columns = [
    ...headings.map((heading, i) => ({
      heading,
      align: i === 0 ? ("left" as const) : ("right" as const),
    })),
    { heading: "", align: "left" as const },
  ];
  const rows = Object.entries(risk?.net ?? {}).map(([ticker, net]) => {
    const refused = risk?.snapshot[ticker]?.refused ?? null;
    return [
      ticker,
      formatUsd(risk?.snapshot[ticker]?.spotUsd ?? null),
      formatSigned(net.greeks.deltaUnits, 3),
      formatSigned(net.inFlightDeltaUnits, 3),
      formatNumber(net.bandHalfWidthUnits, 3),
      formatSigned(net.greeks.gammaUnitsPerUsd, 5),
      formatSigned(net.greeks.vegaUsdPerVolPoint, 0),
      refused === null ? net.status : `${net.status}: ${refused}`,
    ];
  });
  return textTable(columns, rows);
}

function decisionLines(decisions: readonly DecisionAnswer[]): string[] {
  if (decisions.length === 0) return ["  none yet"];
  return decisions.slice(0, DECISIONS_SHOWN).map((decision) => {
    const line = decisionLine(decision) ?? restingLine(decision);
    const blocked =
      decision.blocked.length === 0 ? "" : ` · blocked: ${decision.blocked.join(", ")}`;
    return `  ${line}${blocked}`;
  });
}

/** Underlyings with the same outcome share one entry. */
function restingLine(decision: DecisionAnswer): string {
  const byOutcome = Map.groupBy(decision.underlyings, (u) => {
    return `${u.tier === null ? "" : `${u.tier}, `}${u.action}: ${u.reason}`;
  });
  const outcomes = [...byOutcome].map(
    ([outcome, all]) => `${all.map((u) => u.underlying).join(", ")} ${outcome}`,
  );
  return `${formatClock(decision.atMs)} ${outcomes.join("; ")}`;
}

function sideOf(tradeUnits: number | null): string {
  if (tradeUnits === null) return "hedge";
  return `${tradeUnits > 0 ? "buy" : "sell"} ${formatNumber(Math.abs(tradeUnits), 4)}`;
}
