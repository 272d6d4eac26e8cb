import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { AuditedSeries, ChainAudit } from "#coordinator/records/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { OptionLine, ShardReport } from "#shared/wire/shard-report.ts";

/** What was said, and what was found instead. */
export type Mismatch = { readonly said: string; readonly found: string };

/**
 * The first thing a report says of its block that the shard's contracts do not say there: fence, vault
 * balances, capital, liabilities, option book, jobs consumed. Both are of one block hash, so there is no
 * tolerance and no honest difference. What lies at venues is not compared: their accounts are not known here.
 *
 * @param ours Ids of jobs that were issued to the shard; only these can be told from others'.
 */
export function compareWithChain(
  report: ShardReport,
  audit: ChainAudit,
  setup: ShardSetup,
  ours: readonly string[],
): Mismatch | undefined {
  return (
    compareVault(report, audit) ??
    compareBalances(report, audit, setup) ??
    compareBook(report, audit, setup) ??
    compareJobs(report, audit, ours)
  );
}

function differ(what: string, said: unknown, found: unknown): Mismatch | undefined {
  if (said === found) return undefined;
  return { said: `${what} ${said}`, found: `${what} ${found}` };
}

function compareVault({ chain }: ShardReport, audit: ChainAudit): Mismatch | undefined {
  return (
    differ("epoch", chain.epoch, audit.epoch) ??
    differ("leader", chain.leader.toLowerCase(), audit.leader.toLowerCase()) ??
    differ("paused", chain.paused, audit.paused) ??
    differ("capitalRaw", chain.capitalRaw, audit.capitalRaw.toString()) ??
    differ("liabilitiesRaw", chain.liabilitiesRaw, audit.liabilitiesRaw.toString())
  );
}

function compareBalances(
  { collateral }: ShardReport,
  audit: ChainAudit,
  { settlement, underlyings }: ShardSetup,
): Mismatch | undefined {
  for (const { token, ticker } of [settlement, ...underlyings]) {
    const line = collateral.find((one) => {
      return one.location === "vault" && one.token.toLowerCase() === token.toLowerCase();
    });
    const found = (audit.balancesRaw.get(token.toLowerCase()) ?? 0n).toString();
    const mismatch = differ(`${ticker} in the vault`, line?.amountRaw ?? "0", found);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

function compareBook(
  report: ShardReport,
  { series }: ChainAudit,
  setup: ShardSetup,
): Mismatch | undefined {
  const said = report.book.filter((line) => line.venue === "option-book" && line.quantity !== 0);
  const found = series.map((one) => lineOf(one, setup)).filter((line) => line.quantity !== 0);
  for (const line of found) {
    const claimed = said.find((one) => one.seriesId === line.seriesId);
    const mismatch = differ(`series ${line.seriesId}:`, textOf(claimed), textOf(line));
    if (mismatch !== undefined) return mismatch;
  }
  const extra = said.find((one) => !found.some((line) => line.seriesId === one.seriesId));
  return extra && differ(`series ${extra.seriesId}:`, textOf(extra), "nothing");
}

type SeriesLine = Pick<
  OptionLine,
  "seriesId" | "underlying" | "type" | "strikeUsd" | "expiryMs" | "quantity"
>;

/** A series in the figures and signs of a report: positive when the vault is long. */
function lineOf(one: AuditedSeries, { underlyings }: ShardSetup): SeriesLine {
  const token = underlyings.find(
    (known) => known.token.toLowerCase() === one.underlying.toLowerCase(),
  );
  return {
    seriesId: one.seriesId,
    underlying: token?.ticker ?? one.underlying,
    type: one.isCall ? "call" : "put",
    strikeUsd: unitsFromRaw(one.strikeE8, 8),
    expiryMs: Number(one.expirySeconds) * 1000,
    quantity: unitsFromRaw(one.takersShortE18 - one.takersLongE18, 18),
  };
}

function textOf(line: SeriesLine | undefined): string {
  if (line === undefined) return "nothing";
  const { quantity, underlying, type, strikeUsd, expiryMs } = line;
  return `${quantity} ${underlying} ${type} ${strikeUsd} ${expiryMs}`;
}

function compareJobs(
  { consumedJobs }: ShardReport,
  { consumed }: ChainAudit,
  ours: readonly string[],
): Mismatch | undefined {
  const lie = consumedJobs.find(({ jobId }) => ours.includes(jobId) && !consumed.has(jobId));
  return lie && { said: `job ${lie.jobId} consumed`, found: `job ${lie.jobId} not consumed` };
}

/** A report with its vault and its option book as the chain has them: what is left when its word is not taken. */
export function correctedEntry(entry: BookEntry, audit: ChainAudit, setup: ShardSetup): BookEntry {
  const { report } = entry;
  const collateral = report.collateral
    .filter((line) => line.location === "vault")
    .map((line) => {
      const amountRaw = audit.balancesRaw.get(line.token.toLowerCase()) ?? 0n;
      return { ...line, amountRaw: amountRaw.toString() };
    });
  const book = audit.series.map((one): OptionLine => {
    const line = lineOf(one, setup);
    return { kind: "option", venue: "option-book", ...line, markUsd: 0 };
  });
  const { epoch, leader, paused, capitalRaw, liabilitiesRaw } = audit;
  const chain = {
    ...report.chain,
    epoch,
    leader,
    paused,
    capitalRaw: capitalRaw.toString(),
    liabilitiesRaw: liabilitiesRaw.toString(),
  };
  // What the vault has consumed is in its balances: listed, or it would count twice.
  const consumedJobs = report.consumedJobs.filter(({ jobId }) => audit.consumed.has(jobId));
  // Feeds and venues of a report that lies are nobody's word.
  const unproved = { market: [], capacity: [], lending: [], perps: [] };
  return { ...entry, report: { ...report, ...unproved, consumedJobs, collateral, book, chain } };
}
