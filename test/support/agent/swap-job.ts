import type { JobParams, RebalanceJob } from "#shared/wire/rebalance-job.ts";
import type { World } from "#test/local/world.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";
import { bumpEpochCall, type JobOptions, plannedJob } from "#test/support/coordinator/planner.ts";

const GAS = 2_000_000n;

/** Makes the planner the leader of a fresh vault, at epoch 1. */
export async function leadVault(world: World, site: AgentSite): Promise<void> {
  const planner = world.keys.account("planner");
  const data = await bumpEpochCall({ chain: site.chain, planner, expectedEpoch: 0n });
  await site.user.send({ label: "bump", to: site.chain.contracts.vault, data, gas: GAS });
}

/** A signed job of epoch 1 that buys ETH with settlement units, at most 2 % above 3000 USD. */
export function swapJob(
  world: World,
  site: AgentSite,
  o: Partial<JobOptions> & { readonly amountInRaw: string },
): Promise<RebalanceJob> {
  const planner = world.keys.account("planner");
  const { amountInRaw, ...change } = o;
  return plannedJob({
    chain: site.chain,
    params: swapParams(site, amountInRaw),
    leader: planner.address,
    epoch: 1,
    signer: planner,
    ...change,
  });
}

/** Buys ETH with settlement units, at most 2 % above 3000 USD. */
export function swapParams(
  site: AgentSite,
  amountInRaw: string,
): Extract<JobParams, { kind: "swap" }> {
  const eth = site.chain.underlyings.find((one) => one.ticker === "ETH");
  if (eth === undefined) throw new Error("ETH expected");
  return {
    kind: "swap",
    venue: site.chain.contracts.uniswapAdapter,
    pool: eth.pool.address,
    assetIn: site.chain.settlement.token,
    assetOut: eth.token,
    amountInRaw,
    minAmountOutRaw: ((BigInt(amountInRaw) * 10n ** 12n * 98n) / (3000n * 100n)).toString(),
    minCapitalAfterRaw: "0",
  };
}
