import { expect } from "vitest";
import type { TransferParams } from "#shared/wire/rebalance-job.ts";
import { takerDesk } from "#test/local/takers/taker-desk.ts";
import type { World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";
import { plannedJob } from "#test/support/coordinator/planner.ts";

/** A bound, not an expectation. */
const FILL_WITHIN_MS = 60_000;

type SoldSeries = {
  readonly type: "call" | "put";
  /** Index into the world's expiries: 1 is in a week, 2 in a month. One that a test added itself is named by its time. */
  readonly expiryIndex: number | { readonly expiryMs: number };
  readonly quantity: number;
  /** At 3,000 USD when left out. */
  readonly strikeUsd?: number;
};

/** Sells options on ETH out of the vault's own book, so that it is short of them. */
export async function sellOptions(
  world: World,
  site: AgentSite,
  sold: readonly SoldSeries[],
): Promise<void> {
  const shardIndex = world.description.chains.indexOf(site.chain);
  const known = world.description.market?.expiriesMs ?? [];
  const added = sold.flatMap(({ expiryIndex }) => {
    return typeof expiryIndex === "number" ? [] : [expiryIndex.expiryMs];
  });
  const expiriesMs = [...known, ...added];
  const desk = takerDesk({
    chain: site.chain,
    takerKeys: [world.keys.privateKey("taker-1")],
    expiriesMs,
    log: () => undefined,
  });
  await desk.prepare();
  for (const { type, expiryIndex: expiry, quantity, strikeUsd = 3_000 } of sold) {
    const expiryIndex = typeof expiry === "number" ? expiry : expiriesMs.indexOf(expiry.expiryMs);
    const series = { ticker: "ETH", type, strikeUsd, expiryIndex } as const;
    const leg = { shardIndex, side: "buy", taker: 0, series, quantity } as const;
    expect(await desk.fill(leg, { quantity, untilMs: Date.now() + FILL_WITHIN_MS })).toBe(true);
  }
  await site.reportWith((one) => {
    return one.book.filter(({ venue }) => venue === "option-book").length >= sold.length;
  });
}

/** Sends collateral of the vault to its sister on another chain, by a mandate of its present epoch. */
export async function sendAway(
  world: World,
  site: AgentSite,
  o: { readonly target: WorldChain; readonly amountRaw: bigint },
): Promise<void> {
  const planner = world.keys.account("planner");
  const params: TransferParams = {
    kind: "transfer",
    dstEid: o.target.endpointId,
    dstVault: `0x${o.target.contracts.vault.slice(2).toLowerCase().padStart(64, "0")}`,
    amountRaw: o.amountRaw.toString(),
    minAmountRaw: o.amountRaw.toString(),
    lzReceiveGas: 200_000,
    minCapitalAfterRaw: "0",
  };
  const epoch = Number(await site.vaultRead("epoch"));
  const job = await plannedJob({
    chain: site.chain,
    params,
    leader: planner.address,
    epoch,
    signer: planner,
  });
  expect(await site.run(job)).toMatchObject({ outcome: "broadcast" });
  await site.reportWith((one) => {
    return one.consumedJobs.some(({ jobId }) => jobId === job.mandate.jobId);
  });
}
