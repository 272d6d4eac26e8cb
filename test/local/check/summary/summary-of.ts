import { type ChainHistory, sumRaw } from "#test/local/check/accounts/chain-history.ts";
import { supplyAccount } from "#test/local/check/accounts/supply-account.ts";
import { vaultAccounts } from "#test/local/check/accounts/vault-accounts.ts";
import type { Evidence } from "#test/local/check/evidence.ts";
import { countBy, jobConsumption } from "#test/local/check/job-consumption.ts";
import { exposureFigures } from "#test/local/check/summary/exposure-figures.ts";
import { jobLatencies } from "#test/local/check/summary/latencies.ts";
import { summaryChecks } from "#test/local/check/summary/summary-checks.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";

/** The summary of a run from its evidence; pure. */
export function summaryOf(evidence: Evidence): Summary {
  const { world, histories, api, observation } = evidence;
  const checks = summaryChecks(evidence);
  const consumption = jobConsumption(histories);
  const consumed = new Set(histories.flatMap((h) => h.consumed).map((c) => c.jobId));
  return {
    version: 1,
    seed: world.seed,
    startedAtMs: world.startedAtMs,
    checkedAtMs: evidence.checkedAtMs,
    ok: checks.every((check) => check.ok),
    checks,
    finalBlocks: Object.fromEntries(
      histories.map((h) => [
        h.shard,
        { number: h.finalBlock.number, timestampMs: h.finalBlock.timestampMs },
      ]),
    ),
    trades: tradeFigures(histories),
    reports: api.counters?.reports ?? { accepted: 0, refused: {} },
    jobs: {
      byState: countBy(api.jobs.map((job) => job.state)),
      consumed: consumption.consumed,
      replaysReverted: consumption.replaysReverted,
      replayReasons: { ...consumption.replayReasons },
      otherReverted: consumption.otherReverted,
      otherReasons: { ...consumption.otherReasons },
    },
    ...supplyFigures(histories),
    accounts: accountFigures(evidence),
    ...exposureFigures(evidence.final, observation),
    hedgingCost: evidence.cost,
    naive: evidence.naive,
    latency: jobLatencies(api.jobs.filter((job) => consumed.has(job.jobId))),
    observer: { samples: observation.samplesTaken, failedLooks: observation.looksFailed },
  };
}

function tradeFigures(histories: readonly ChainHistory[]): Summary["trades"] {
  const trades = histories.flatMap((h) => h.optionTrades);
  const sold = trades.filter((t) => t.vaultSells).length;
  const settledSeries = histories.reduce((sum, h) => sum + h.settlements.length, 0);
  return { total: trades.length, sold, bought: trades.length - sold, settledSeries };
}

function supplyFigures(histories: readonly ChainHistory[]): Pick<Summary, "transfers" | "supply"> {
  const supply = supplyAccount(histories);
  const arrived = new Set(histories.flatMap((h) => h.oftReceived).map((r) => r.guid));
  const transfers = histories.flatMap((h) => h.transfers);
  const delivered = transfers.filter((t) => arrived.has(t.guid)).length;
  return {
    transfers: {
      sent: transfers.length,
      delivered,
      inTransit: transfers.length - delivered,
      amountRaw: String(sumRaw(transfers, (t) => t.amountSent)),
    },
    supply: {
      openingRaw: String(supply.openingRaw),
      mintedRaw: String(supply.mintedRaw),
      burntRaw: String(supply.burntRaw),
      closingRaw: String(supply.closingRaw),
      inTransitRaw: String(supply.inTransitRaw),
      differenceRaw: String(supply.differenceRaw),
    },
  };
}

function accountFigures({ world, histories }: Evidence): Summary["accounts"] {
  return histories.flatMap(vaultAccounts).map((account) => {
    const chain = world.chains.find((c) => c.shard === account.shard);
    const assets = chain === undefined ? [] : [chain.settlement, ...chain.underlyings];
    const asset = assets.find((a) => a.token.toLowerCase() === account.token.toLowerCase());
    return {
      shard: account.shard,
      asset: asset?.ticker ?? account.token,
      openingRaw: String(account.openingRaw),
      flowsRaw: Object.fromEntries(
        Object.entries(account.flows).map(([name, raw]) => [name, String(raw)]),
      ),
      closingRaw: String(account.closingRaw),
      differenceRaw: String(account.differenceRaw),
    };
  });
}
