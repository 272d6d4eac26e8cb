import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { type ChainAudit, lineKey } from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { seriesLine } from "#coordinator/stages/audit/compare-chain.ts";
import type { Address } from "#shared/units/ids.ts";
import type { OptionLine, PerpLine, ShardReport } from "#shared/wire/shard-report.ts";

/**
 * A report as the chain has it: what is left when its word is not taken. Its vault, option book, positions and cash at
 * venues, and of what happened only what the chain proves. Feeds, depth, what could not be seen and everything else of a
 * report that lies are nobody's word.
 */
export function correctedEntry(entry: BookEntry, audit: ChainAudit, setup: ShardSetup): BookEntry {
  const { report } = entry;
  const { epoch, leader, paused, capitalRaw, liabilitiesRaw } = audit;
  const chain = {
    ...report.chain,
    epoch,
    leader,
    paused,
    capitalRaw: (capitalRaw ?? 0n).toString(),
    liabilitiesRaw: liabilitiesRaw?.toString() ?? report.chain.liabilitiesRaw,
  };
  const proved = {
    block: { ...report.block, ...audit.block },
    chain,
    collateral: [...vaultLines(report, audit), ...venueLines(report, audit, setup)],
    book: [...bookLines(audit, setup), ...longLines(report, audit)],
    perps: perpLines(audit),
    // What the vault has consumed or was credited with is in its balances: listed, or it would count twice.
    consumedJobs: report.consumedJobs.filter(({ jobId }) => audit.consumed.has(jobId)),
    deliveredTransfers: report.deliveredTransfers.filter(({ guid, amountRaw }) => {
      return audit.credited.get(guid) === amountRaw;
    }),
  };
  return { ...entry, report: { ...report, ...UNPROVED, ...proved } };
}

const UNPROVED = {
  market: [],
  capacity: [],
  lending: [],
  optionMarkets: [],
  inventories: [],
  transfers: [],
  routes: [],
} satisfies Partial<ShardReport>;

function vaultLines({ collateral }: ShardReport, audit: ChainAudit): ShardReport["collateral"] {
  return collateral
    .filter((line) => line.location === "vault")
    .map((line) => {
      const token = line.token.toLowerCase();
      const amountRaw = (audit.balancesRaw.get(token) ?? 0n).toString();
      return { ...line, ...priceOf(audit, token), amountRaw };
    });
}

/** What lies at venues as margin: one line for all accounts together. */
function venueLines(
  { collateral }: ShardReport,
  audit: ChainAudit,
  { settlement, underlyings }: ShardSetup,
): ShardReport["collateral"] {
  return [settlement, ...underlyings].flatMap(({ token }) => {
    const line = collateral.find((one) => one.token.toLowerCase() === token.toLowerCase());
    const amountRaw = audit.venues.heldRaw.get(token.toLowerCase()) ?? 0n;
    if (line === undefined || amountRaw === 0n) return [];
    const price = priceOf(audit, token.toLowerCase());
    return [{ ...line, ...price, location: "venue-margin", amountRaw: amountRaw.toString() }];
  });
}

function priceOf({ prices }: ChainAudit, token: string) {
  const price = prices.get(token);
  return price && { priceUsd: price.priceUsd, priceUpdatedAtMs: price.updatedAtMs };
}

function bookLines({ series }: ChainAudit, setup: ShardSetup): OptionLine[] {
  return series.map((one) => {
    return { kind: "option", venue: "option-book", ...seriesLine(one, setup), markUsd: 0 };
  });
}

/** Options held at venues that the report speaks of; of others nothing but their number would be known here. */
function longLines({ book }: ShardReport, { venues }: ChainAudit): OptionLine[] {
  return book.flatMap((line) => {
    const found = venues.lines.find((one) => {
      return one.list === "longs" && one.key === lineKey(line.seriesId);
    });
    if (line.venue === "option-book" || found === undefined) return [];
    return [{ ...line, ...(found.fields as Partial<OptionLine>) }];
  });
}

/** Positions as the venue has them, with nothing to trade on: depth and fees are the report's word alone. */
function perpLines({ venues }: ChainAudit): PerpLine[] {
  return venues.lines.flatMap((line): PerpLine[] => {
    if (line.list !== "perps" || line.isEmpty) return [];
    const { underlying, ...fields } = line.fields;
    if (underlying === null) return [];
    const [adapter, market] = line.key.split(" ") as [Address, Address];
    return [{ ...UNTRADED, adapter, market, underlying, ...fields }];
  });
}

const UNTRADED = {
  venue: "curie" as const,
  fundingFractionPerDay: 0,
  pendingFundingUsd: 0,
  feeFraction: 0,
  marginRatioFloor: 0,
  gasUnits: 0,
  marginGasUnits: 0,
  acceptsTrades: false,
  isIndexTimedOut: true,
  indexUpdatedAtMs: 0,
  buy: [],
  sell: [],
} satisfies Partial<PerpLine>;
