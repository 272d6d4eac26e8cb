import {
  type AuditQuestions,
  type ChainAudit,
  lineKey,
  type ProvedLine,
  type ProvedList,
  partKey,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { differ, type Mismatch } from "#coordinator/stages/audit/differ.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { Caps } from "#shared/wire/report-caps.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

type Said = { readonly key: string; readonly line: Readonly<Record<string, unknown>> };

/**
 * The first thing a report says of the vault's accounts at venues, and of the pools it trades on, that is not so: field
 * by field, and to the last unit, because both are read at one block hash. A line too many, twice or missing is a
 * difference, too. What the vault's desk does not list is no account of it; of an account that could not be seen nothing is
 * known, but that with it there cannot be less than in all the others.
 */
export function compareVenues(
  report: ShardReport,
  audit: ChainAudit,
  setup: ShardSetup,
): Mismatch | undefined {
  return (
    compareHeld(report, audit, setup) ??
    compareLines(report, audit) ??
    heldSeries(report) ??
    compareCaps(report, audit)
  );
}

function textOfCaps({ tradesLeftRaw, transfersLeftRaw, venues }: Caps): string {
  const lines = venues.map(({ adapter, leftRaw, mayGrow }) => {
    return `${adapter.toLowerCase()} ${leftRaw} ${mayGrow ? "may grow" : "shrinks"}`;
  });
  return [`trades ${tradesLeftRaw}`, `transfers ${transfersLeftRaw}`, ...lines].join(", ");
}

/** An agent that knows of no desk tells of no caps, and nothing is planned there. */
function compareCaps({ caps }: ShardReport, { venues }: ChainAudit): Mismatch | undefined {
  if (caps === null || venues.caps === null) return undefined;
  return differ("caps", textOfCaps(caps), textOfCaps(venues.caps));
}

function compareHeld(
  { collateral }: ShardReport,
  { venues, unseen }: ChainAudit,
  { settlement, underlyings }: ShardSetup,
): Mismatch | undefined {
  for (const { token, ticker } of [settlement, ...underlyings]) {
    const saidRaw = collateral
      .filter((one) => one.location !== "vault" && one.token.toLowerCase() === token.toLowerCase())
      .reduce((sum, one) => sum + BigInt(one.amountRaw), 0n);
    const foundRaw = venues.heldRaw.get(token.toLowerCase()) ?? 0n;
    if (hasUnseenAccount(unseen) && saidRaw >= foundRaw) continue;
    const mismatch = differ(`${ticker} at venues`, saidRaw, foundRaw);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

function hasUnseenAccount(unseen: ChainAudit["unseen"]): boolean {
  return [...unseen].some((part) => part.startsWith(partKey("account", "")));
}

/** Whether a line that was not found is of something that could not be seen. */
function mayBeThere(list: ProvedList, key: string, unseen: ChainAudit["unseen"]): boolean {
  if (list === "longs") return hasUnseenAccount(unseen);
  if (list === "capacity") return unseen.has(partKey("pool", key));
  return unseen.has(partKey("account", key.slice(0, key.indexOf(" "))));
}

function compareLines(report: ShardReport, { venues, unseen }: ChainAudit): Mismatch | undefined {
  const said = saidLines(report);
  for (const list of Object.keys(said) as ProvedList[]) {
    if (list === "longs" && !venues.knowsLongs) continue;
    const proved = venues.lines.filter((one) => one.list === list);
    const known = said[list].filter(({ key }) => {
      return proved.some((one) => one.key === key) || !mayBeThere(list, key, unseen);
    });
    const mismatch = compareList(list, known, proved);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

/** Lines of a report by list, each with what names it. */
function saidLines(report: ShardReport): Record<ProvedList, Said[]> {
  const longs = report.book.filter((one) => one.venue !== "option-book" && one.quantity !== 0);
  return {
    lending: report.lending.map((line) => ({ key: lineKey(line.adapter, line.token), line })),
    perps: report.perps.map((line) => ({ key: lineKey(line.adapter, line.market), line })),
    optionMarkets: report.optionMarkets.map((line) => {
      return { key: lineKey(line.adapter, line.market), line };
    }),
    capacity: report.capacity.map((line) => ({ key: lineKey(line.adapter, line.pool), line })),
    longs: longs.map((line) => ({ key: lineKey(line.seriesId), line })),
  };
}

function compareList(
  list: ProvedList,
  said: readonly Said[],
  proved: readonly ProvedLine[],
): Mismatch | undefined {
  for (const { key, fields, isEmpty } of proved) {
    const lines = said.filter((one) => one.key === key);
    const [only] = lines;
    if (lines.length > 1) return differ(`${list} ${key}:`, `${lines.length} lines`, "one line");
    if (only === undefined) {
      if (isEmpty) continue;
      return differ(`${list} ${key}:`, "nothing", JSON.stringify(fields));
    }
    for (const [field, found] of Object.entries(fields)) {
      const what = `${list} ${key}: ${field}`;
      const mismatch = differ(what, plain(only.line[field]), plain(found));
      if (mismatch !== undefined) return mismatch;
    }
  }
  const extra = said.find((one) => !proved.some(({ key }) => key === one.key));
  return extra && differ(`${list} ${extra.key}:`, "a line", "nothing");
}

function plain(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

/** What a market's line says is held is what the book has: only the book is held to the chain. */
function heldSeries({ optionMarkets, book }: ShardReport): Mismatch | undefined {
  for (const { series } of optionMarkets) {
    for (const { seriesId, heldE18 } of series) {
      const line = book.find((one) => one.venue !== "option-book" && one.seriesId === seriesId);
      const held = unitsFromRaw(BigInt(heldE18), 18);
      const mismatch = differ(`held of series ${seriesId}`, held, line?.quantity ?? 0);
      if (mismatch !== undefined) return mismatch;
    }
  }
  return undefined;
}

/**
 * The first point of a pool's or perpetual's depth that is not what the venue itself would do at that block.
 *
 * @param tolerance Largest difference, as a fraction of the venue's own figure.
 */
export function compareDepth(
  report: ShardReport,
  audit: ChainAudit,
  o: { readonly asked: AuditQuestions; readonly tolerance: number },
): Mismatch | undefined {
  for (const [at, { pool, assetIn, amountInRaw }] of o.asked.depth.entries()) {
    const line = report.capacity.find((one) => one.pool === pool);
    const isSale = line?.token === assetIn;
    const point = (isSale ? line.sell : line?.buy)?.find((one) => one.amountInRaw === amountInRaw);
    const what = `depth of ${pool}: ${amountInRaw} of ${assetIn} for`;
    const found = audit.depthOutRaw[at] ?? null;
    const mismatch = near(what, point?.amountOutRaw ?? "0", found, o.tolerance);
    if (mismatch !== undefined) return mismatch;
  }
  for (const [at, { adapter, market, side, sizeE18 }] of o.asked.perpDepth.entries()) {
    const line = report.perps.find((one) => one.adapter === adapter && one.market === market);
    const point = line?.[side].find((one) => one.sizeE18 === sizeE18);
    const what = `depth of ${market}: ${side} ${sizeE18} for`;
    const found = audit.perpQuotesE18[at] ?? null;
    const mismatch = near(what, point?.quoteE18 ?? "0", found, o.tolerance);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

function near(
  what: string,
  saidRaw: string,
  foundRaw: bigint | null,
  tolerance: number,
): Mismatch | undefined {
  if (foundRaw === null) return undefined;
  const [said, found] = [Number(saidRaw), Number(foundRaw)];
  if (Math.abs(said - found) <= tolerance * found) return undefined;
  return {
    said: `${what} ${saidRaw}`,
    found: `${what} ${foundRaw}, within a fraction of ${tolerance}`,
  };
}
