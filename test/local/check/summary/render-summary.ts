import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import type { UnhedgedReason } from "#test/local/observe/naive-hedger.ts";
import {
  formatDuration,
  formatNumber,
  formatSigned,
  formatUsdCents,
} from "#test/local/view/figures.ts";

type UnderlyingSummary = Summary["underlyings"][string];

/** The summary for people, ending with the verdict. */
export function renderSummary(summary: Summary): string {
  return [
    "checks",
    ...summary.checks.map(
      (check) => `  ${check.ok ? "ok  " : "FAIL"} ${check.name}: ${check.detail}`,
    ),
    "",
    ...activityLines(summary),
    "",
    ...Object.entries(summary.underlyings).flatMap(([ticker, u]) => exposureLines(ticker, u)),
    `offsetting over all underlyings: sum of |shard delta| / |net| = ${times(summary.offsettingRatioUsd)}`,
    "",
    ...costLines(summary),
    "",
    ...latencyLines(summary),
    "",
    verdict(summary),
  ].join("\n");
}

function verdict({ ok, checks }: Summary): string {
  const failed = checks.filter((check) => !check.ok).length;
  return ok ? `all ${checks.length} checks hold` : `${failed} of ${checks.length} checks FAILED`;
}

function activityLines({ trades, reports, jobs, transfers, observer }: Summary): string[] {
  const { total, sold, bought, settledSeries } = trades;
  const refused = counted(reports.refused) || "none";
  const states = counted(jobs.byState) || "none";
  const replays = `${jobs.replaysReverted} replay attempts reverted${counted(jobs.replayReasons, " (", ")")}`;
  const others = `${jobs.otherReverted} other reverts${counted(jobs.otherReasons, " (", ")")}`;
  return [
    `trades: ${total} (vault sold ${sold}, bought ${bought}), series settled ${settledSeries}`,
    `reports: ${reports.accepted} accepted, refused: ${refused}`,
    `jobs: ${states}; ${jobs.consumed} consumed on chain; ${replays}; ${others}`,
    `transfers: ${transfers.sent} sent, ${transfers.delivered} delivered, ${transfers.inTransit} in transit`,
    `watched: ${observer.samples} samples, ${observer.failedLooks} failed looks`,
  ];
}

function exposureLines(ticker: string, u: UnderlyingSummary): string[] {
  const share = (ms: number) =>
    u.watchedMs > 0 ? `${formatNumber((100 * ms) / u.watchedMs, 1)} %` : "-";
  const outside = `${formatDuration(u.timeOutsideBandMs)} (${share(u.timeOutsideBandMs)})`;
  const without = `${formatDuration(u.counterfactualTimeOutsideBandMs)} (${share(u.counterfactualTimeOutsideBandMs)})`;
  return [
    `${ticker} at the end: net delta ${formatSigned(u.final.netDeltaUnits, 4)}, band ±${formatNumber(u.final.halfWidthUnits, 4)}, without hedging ${formatSigned(u.final.optionDeltaUnits, 4)}`,
    `  mean |net delta| ${formatNumber(u.meanAbsNetDeltaUnits, 4)}, without hedging ${formatNumber(u.meanAbsCounterfactualDeltaUnits, 4)}; largest ${formatNumber(u.maxAbsNetDeltaUnits, 4)} and ${formatNumber(u.maxAbsCounterfactualDeltaUnits, 4)}`,
    `  outside the band ${outside}, without hedging ${without}; left it ${u.bandViolations} times; offsetting ${times(u.offsettingRatio)}`,
  ];
}

function costLines({ hedgingCost: cost, naive }: Summary): string[] {
  if (cost === null || naive === null) return ["hedging cost: could not be read"];
  const usd = formatUsdCents;
  const unhedged = Object.entries(naive.unhedged).map(
    ([name, u]) =>
      `  not hedged, not priced: ${unhedgedText(name)} for ${formatDuration(u.ms)}, mean ${formatNumber(u.meanUnits, 3)}, at most ${formatNumber(u.maxUnits, 3)} (${usd(u.maxUsd)}), ${formatNumber(u.usdHours, 0)} USD-hours`,
  );
  return [
    `hedging cost: ${usd(cost.totalUsd)} for ${cost.hedges} hedges of ${usd(cost.turnoverUsd)}`,
    `  shortfall against the feed ${usd(cost.shortfallUsd)} (pool fees ${usd(cost.shortfallPoolFeesUsd)}, price ${usd(cost.shortfallPriceUsd)}), gas ${usd(cost.gasUsd)}, failed gas ${usd(cost.failedGasUsd)}`,
    `  transfers: gas ${usd(cost.transferGasUsd)}, bridge fees ${usd(cost.bridgeFeeUsd)}`,
    `naive alternative, each shard for itself: ${usd(naive.totalUsd)} for ${naive.trades} hedges of ${usd(naive.turnoverUsd)} (shortfall ${usd(naive.shortfallUsd)}, gas ${usd(naive.gasUsd)}), outside its bands ${formatNumber(100 * naive.shardTimeOutsideBandFraction, 1)} % of the time`,
    ...unhedged,
  ];
}

const UNHEDGED_TEXTS: Readonly<Record<UnhedgedReason, string>> = {
  "would-short": "would sell what it does not hold",
  "no-cash": "has no cash left to buy",
  "no-depth": "its pools are too thin",
};

/** `ETH would-short` in words. */
function unhedgedText(name: string): string {
  const [ticker, reason] = name.split(" ");
  return `${ticker} ${UNHEDGED_TEXTS[reason as UnhedgedReason] ?? reason},`;
}

function latencyLines({ latency }: Summary): string[] {
  const leg = (name: string, p: Summary["latency"]["blockToIncluded"]) =>
    `  ${name}: p50 ${formatDuration(p.p50Ms)}, p99 ${formatDuration(p.p99Ms)} (${p.count} jobs)`;
  return [
    "latency of executed jobs (block times are whole seconds, so legs to or from a block are off by up to 1 s)",
    leg("oldest block → report accepted", latency.blockToAccepted),
    leg("report accepted → decision", latency.acceptedToDecided),
    leg("oldest block → mandate sent", latency.blockToSent),
    leg("decision → included", latency.decidedToIncluded),
    leg("oldest block → included", latency.blockToIncluded),
  ];
}

function counted(counts: Readonly<Record<string, number>>, before = "", after = ""): string {
  const entries = Object.entries(counts);
  if (entries.length === 0) return "";
  return `${before}${entries.map(([name, count]) => `${name} ${count}`).join(", ")}${after}`;
}

function times(ratio: number | null): string {
  return ratio === null ? "-" : `${formatNumber(ratio, 1)}x`;
}
