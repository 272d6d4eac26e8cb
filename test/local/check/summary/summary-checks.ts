import { isSameAddress } from "#test/local/check/accounts/chain-history.ts";
import { supplyAccount } from "#test/local/check/accounts/supply-account.ts";
import { accountFaults } from "#test/local/check/accounts/vault-accounts.ts";
import type { Evidence } from "#test/local/check/evidence.ts";
import { jobConsumption } from "#test/local/check/job-consumption.ts";
import type { Check } from "#test/local/check/summary/summary-schema.ts";

/** Every condition of a good run, each with what was found. */
export function summaryChecks(evidence: Evidence): Check[] {
  return [
    consumedOnce(evidence),
    accountsExact(evidence),
    supplyExact(evidence),
    noStaleJob(evidence),
    noJobInFlight(evidence),
    noHalt(evidence),
    hedgeExecuted(evidence),
    transferDelivered(evidence),
    bandViolated(evidence),
    ...Object.keys(evidence.final.net).map((ticker) => insideBand(evidence, ticker)),
  ];
}

function consumedOnce({ histories }: Evidence): Check {
  const { consumed, repeated, replaysReverted } = jobConsumption(histories);
  const detail =
    repeated.length === 0
      ? `${consumed} mandates consumed, none twice; ${replaysReverted} replay attempts reverted`
      : `consumed more than once: ${repeated.join(", ")}`;
  return {
    name: "every job id is consumed at most once on chain",
    ok: repeated.length === 0,
    detail,
  };
}

function accountsExact({ histories }: Evidence): Check {
  const faults = histories.flatMap(accountFaults);
  const count = histories.reduce((sum, h) => sum + h.vaultBalances.length, 0);
  const detail =
    faults.length === 0 ? `${count} accounts agree to the last unit` : faults.join("; ");
  return {
    name: "per vault and asset, opening + events = closing",
    ok: faults.length === 0,
    detail,
  };
}

function supplyExact({ histories }: Evidence): Check {
  const supply = supplyAccount(histories);
  const ok = supply.differenceRaw === 0n && supply.faults.length === 0;
  const sums = `supply ${supply.closingRaw} + in transit ${supply.inTransitRaw}, minted ${supply.mintedRaw}`;
  const rest = `burnt ${supply.burntRaw}, opening ${supply.openingRaw}, difference ${supply.differenceRaw}`;
  const name = "total supply + sent but not delivered = minted";
  return { name, ok, detail: [`${sums}, ${rest}`, ...supply.faults].join("; ") };
}

function noStaleJob({ histories, staleFaults, api }: Evidence): Check {
  const { consumed } = jobConsumption(histories);
  const found =
    staleFaults.length === 0 ? [`${consumed} jobs proved from their reports' blocks`] : staleFaults;
  return {
    name: "no job was executed on a stale report",
    ok: staleFaults.length === 0,
    detail: [...found, ...(staleFaults.length > 0 ? api.failures : [])].join("; "),
  };
}

function noJobInFlight({ api }: Evidence): Check {
  const name = "no job is in flight at the end";
  if (api.risk === null) return { name, ok: false, detail: unknown(api.failures) };
  return { name, ok: api.risk.jobsInFlight === 0, detail: `${api.risk.jobsInFlight} in flight` };
}

function noHalt({ api }: Evidence): Check {
  const name = "the system is not halted at the end";
  if (api.risk === null) return { name, ok: false, detail: unknown(api.failures) };
  const { mode, haltReasons } = api.risk;
  return { name, ok: mode === "run", detail: [`mode ${mode}`, ...haltReasons].join("; ") };
}

function hedgeExecuted({ histories }: Evidence): Check {
  const swaps = histories.reduce((sum, h) => sum + h.swaps.length, 0);
  return { name: "at least one hedge was executed", ok: swaps > 0, detail: `${swaps} executed` };
}

function transferDelivered({ histories }: Evidence): Check {
  const arrived = new Set(
    histories.flatMap((h) =>
      h.oftReceived.filter((r) => isSameAddress(r.to, h.vault)).map((r) => r.guid),
    ),
  );
  const sent = histories.flatMap((h) => h.transfers);
  const delivered = sent.filter((t) => arrived.has(t.guid)).length;
  const detail = `${delivered} of ${sent.length} delivered to a vault`;
  return { name: "at least one cross-chain transfer was delivered", ok: delivered > 0, detail };
}

function bandViolated({ observation, api }: Evidence): Check {
  const name = "the band was violated at least once";
  const seen = Object.entries(observation.exposure).map(
    ([ticker, t]) => [ticker, t.outsideSamples] as const,
  );
  const hedges = api.decisions.filter((d) =>
    d.underlyings.some((u) => u.action === "hedge"),
  ).length;
  const samples = seen.map(([ticker, count]) => `${ticker} outside in ${count} samples`);
  const ok = seen.some(([, count]) => count > 0) || hedges > 0;
  return { name, ok, detail: [...samples, `${hedges} decisions to hedge`].join("; ") };
}

function insideBand({ final }: Evidence, ticker: string): Check {
  const name = `net ${ticker} delta is inside its band at the end`;
  const net = final.net[ticker];
  if (net === undefined) return { name, ok: false, detail: "not valued" };
  const figures = `|${net.netDeltaUnits.toPrecision(6)}| against ${net.halfWidthUnits.toPrecision(6)} ${ticker}`;
  const perps = net.perpUnits === 0 ? "" : `, perpetuals ${net.perpUnits.toPrecision(6)}`;
  const parts = `options ${net.optionDeltaUnits.toPrecision(6)}, hedges ${net.hedgeUnits.toPrecision(6)}${perps}`;
  return {
    name,
    ok: Math.abs(net.netDeltaUnits) <= net.halfWidthUnits,
    detail: `${figures} (${parts})`,
  };
}

function unknown(failures: readonly string[]): string {
  return `unknown: ${failures.find((f) => f.includes("/v1/risk")) ?? failures.join("; ")}`;
}
