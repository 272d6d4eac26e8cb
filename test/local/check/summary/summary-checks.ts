import type { NetExposure } from "#test/local/check/accounts/book-risk.ts";
import { isSameAddress } from "#test/local/check/accounts/chain-history.ts";
import { supplyAccount } from "#test/local/check/accounts/supply-account.ts";
import { accountFaults } from "#test/local/check/accounts/vault-accounts.ts";
import type { Evidence, Part } from "#test/local/check/evidence.ts";
import { jobConsumption } from "#test/local/check/job-consumption.ts";
import type { Check } from "#test/local/check/summary/summary-schema.ts";

/** What a check found. */
type Finding = Pick<Check, "ok" | "detail">;

/** A check, and the parts of the evidence without which it says nothing. */
type CheckSpec = {
  readonly name: string;
  readonly needs: readonly Part[];
  readonly find: (evidence: Evidence) => Finding;
};

const CHECKS: readonly CheckSpec[] = [
  {
    name: "every job id is consumed at most once on chain",
    needs: ["history"],
    find: consumedOnce,
  },
  {
    name: "per vault and asset, opening + events = closing",
    needs: ["history"],
    find: accountsExact,
  },
  { name: "total supply + sent but not delivered = minted", needs: ["history"], find: supplyExact },
  {
    name: "no job was executed on a stale report",
    needs: ["history", "reports"],
    find: noStaleJob,
  },
  { name: "no job is in flight at the end", needs: [], find: noJobInFlight },
  { name: "the system is not halted at the end", needs: [], find: noHalt },
  { name: "at least one hedge was executed", needs: ["history"], find: hedgeExecuted },
  {
    name: "at least one cross-chain transfer was delivered",
    needs: ["history"],
    find: transferDelivered,
  },
  { name: "the band was violated at least once", needs: [], find: bandViolated },
];

/** Every condition of a good run, each with what was found; one that cannot be checked does not hold, and says why. */
export function summaryChecks(evidence: Evidence): Check[] {
  const tickers = Object.keys(evidence.world.policy.underlyings);
  const specs = [...CHECKS, ...tickers.map(insideBand), FIGURES_READ];
  return specs.map((spec) => checked(spec, evidence));
}

function checked({ name, needs, find }: CheckSpec, evidence: Evidence): Check {
  const missing = evidence.unread.filter(({ part }) => {
    return needs.includes(part) || (part === "chain" && needs.length > 0);
  });
  if (missing.length > 0) {
    const whys = missing.map(({ why }) => why).join("; ");
    return { name, ok: false, detail: `could not be checked: ${whys}` };
  }
  try {
    return { name, ...find(evidence) };
  } catch (error) {
    return { name, ok: false, detail: `could not be checked: ${String(error)}` };
  }
}

const FIGURES_READ: CheckSpec = {
  name: "every figure of this summary could be read",
  needs: ["history", "state", "reports", "cost"],
  find: ({ histories }) => ({ ok: true, detail: `${histories.length} chains, each at one block` }),
};

function consumedOnce({ histories }: Evidence): Finding {
  const { consumed, repeated, replaysReverted } = jobConsumption(histories);
  const detail =
    repeated.length === 0
      ? `${consumed} mandates consumed, none twice; ${replaysReverted} replay attempts reverted`
      : `consumed more than once: ${repeated.join(", ")}`;
  return { ok: repeated.length === 0, detail };
}

function accountsExact({ histories }: Evidence): Finding {
  const faults = histories.flatMap(accountFaults);
  const count = histories.reduce((sum, h) => sum + h.vaultBalances.length, 0);
  const detail =
    faults.length === 0 ? `${count} accounts agree to the last unit` : faults.join("; ");
  return { ok: faults.length === 0, detail };
}

function supplyExact({ histories }: Evidence): Finding {
  const supply = supplyAccount(histories);
  const ok = supply.differenceRaw === 0n && supply.faults.length === 0;
  const sums = `supply ${supply.closingRaw} + in transit ${supply.inTransitRaw}, minted ${supply.mintedRaw}`;
  const rest = `burnt ${supply.burntRaw}, opening ${supply.openingRaw}, difference ${supply.differenceRaw}`;
  return { ok, detail: [`${sums}, ${rest}`, ...supply.faults].join("; ") };
}

function noStaleJob({ histories, staleFaults, api }: Evidence): Finding {
  const { consumed } = jobConsumption(histories);
  const found =
    staleFaults.length === 0 ? [`${consumed} jobs proved from their reports' blocks`] : staleFaults;
  return {
    ok: staleFaults.length === 0,
    detail: [...found, ...(staleFaults.length > 0 ? api.failures : [])].join("; "),
  };
}

function noJobInFlight({ api }: Evidence): Finding {
  if (api.risk === null) return { ok: false, detail: unknown(api.failures) };
  return { ok: api.risk.jobsInFlight === 0, detail: `${api.risk.jobsInFlight} in flight` };
}

function noHalt({ api }: Evidence): Finding {
  if (api.risk === null) return { ok: false, detail: unknown(api.failures) };
  const { mode, haltReasons } = api.risk;
  return { ok: mode === "run", detail: [`mode ${mode}`, ...haltReasons].join("; ") };
}

function hedgeExecuted({ histories }: Evidence): Finding {
  const swaps = histories.reduce((sum, h) => sum + h.swaps.length, 0);
  return { ok: swaps > 0, detail: `${swaps} executed` };
}

function transferDelivered({ histories }: Evidence): Finding {
  const arrived = new Set(
    histories.flatMap((h) =>
      h.oftReceived.filter((r) => isSameAddress(r.to, h.vault)).map((r) => r.guid),
    ),
  );
  const sent = histories.flatMap((h) => h.transfers);
  const delivered = sent.filter((t) => arrived.has(t.guid)).length;
  const detail = `${delivered} of ${sent.length} delivered to a vault`;
  return { ok: delivered > 0, detail };
}

function bandViolated({ observation, api }: Evidence): Finding {
  const seen = Object.entries(observation.exposure).map(
    ([ticker, t]) => [ticker, t.outsideSamples] as const,
  );
  const hedges = api.decisions.filter((d) =>
    d.underlyings.some((u) => u.action === "hedge"),
  ).length;
  const samples = seen.map(([ticker, count]) => `${ticker} outside in ${count} samples`);
  const ok = seen.some(([, count]) => count > 0) || hedges > 0;
  return { ok, detail: [...samples, `${hedges} decisions to hedge`].join("; ") };
}

function insideBand(ticker: string): CheckSpec {
  const name = `net ${ticker} delta is inside its band at the end`;
  return { name, needs: ["state"], find: ({ final }) => bandFinding(final?.net[ticker], ticker) };
}

function bandFinding(net: NetExposure | undefined, ticker: string): Finding {
  if (net === undefined) return { ok: false, detail: "not valued" };
  const figures = `|${net.netDeltaUnits.toPrecision(6)}| against ${net.halfWidthUnits.toPrecision(6)} ${ticker}`;
  const perps = net.perpUnits === 0 ? "" : `, perpetuals ${net.perpUnits.toPrecision(6)}`;
  const parts = `options ${net.optionDeltaUnits.toPrecision(6)}, hedges ${net.hedgeUnits.toPrecision(6)}${perps}`;
  const ok = Math.abs(net.netDeltaUnits) <= net.halfWidthUnits;
  return { ok, detail: `${figures} (${parts})` };
}

function unknown(failures: readonly string[]): string {
  return `unknown: ${failures.find((f) => f.includes("/v1/risk")) ?? failures.join("; ")}`;
}
