import { encodeFunctionData, erc20Abi } from "viem";
import type { Address } from "#shared/units/ids.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import { openLane } from "#test/local/chains/lane.ts";
import type { ChainSite, DeployedShard } from "#test/local/deploy/chain-site.ts";
import { takeRates } from "#test/local/deploy/lyra.ts";
import { stockPositionVenues } from "#test/local/deploy/position-venues.ts";
import { depositUsd, FUNDS, SETTLEMENT, TICKERS } from "#test/local/deploy/world-parameters.ts";
import { pushPrice, setSlices } from "#test/local/market/feed-writer.ts";
import type { MarketState } from "#test/local/market/price-path.ts";
import { surfaceSlices } from "#test/local/market/surface.ts";

const SETUP_POLL_MS = 5;

/** Native balances, so that every account of the world can pay for gas on this chain. */
export async function fundNative(site: ChainSite, people: readonly Address[]): Promise<void> {
  const { keys, entry } = site;
  const workers = ["deployer", "market", "executor", "committer", "dvn-1-admin", "dvn-2-admin"];
  const rich = [...workers.map((name) => keys.account(name).address), ...people];
  const agents = [keys.account(`agent-${entry.key}`).address, keys.account("fee-payer").address];
  await Promise.all([
    ...rich.map((address) => setBalance(site.rpcUrl, address, FUNDS.nativeWei)),
    ...agents.map((address) => setBalance(site.rpcUrl, address, FUNDS.agentNativeWei)),
  ]);
}

/** What feeds say first. */
export type Opening = { readonly state: MarketState; readonly expiriesMs: readonly number[] };

/** First prices and volatility surfaces, then the first deposit: a vault takes none without fresh prices. */
export async function openShard(
  shard: DeployedShard,
  { state, expiriesMs }: Opening,
): Promise<void> {
  const { site } = shard;
  const market = openLane(site.client, site.keys.account("market"), SETUP_POLL_MS);
  await pushPrice(market, shard.settlement.feed, 1);
  for (const ticker of TICKERS) {
    const { feed, token } = shard.underlyings[ticker];
    if (shard.ownFeeds.includes(ticker)) await pushPrice(market, feed, state.pricesUsd[ticker]);
    const slices = surfaceSlices(state.volatilities[ticker], expiriesMs, Date.now());
    await setSlices(market, shard.contracts.volatilityFeed, { underlying: token, slices });
  }
  // The first expiry comes within the run, too soon for a board: Lyra trades nothing in its last twelve hours.
  const { lyraV1 } = shard.positionVenues;
  if (lyraV1 !== null) await pushPrice(market, lyraV1.quoteFeed, 1);
  await stockPositionVenues(shard, expiriesMs.slice(1, 3));
  if (lyraV1 !== null) await takeRates(market, lyraV1.rates);
  const depositor = openLane(site.client, site.keys.account("depositor"), SETUP_POLL_MS);
  const amountRaw = BigInt(depositUsd(site.index)) * 10n ** BigInt(SETTLEMENT.decimals);
  const { vault } = shard.contracts;
  await depositor.send({
    label: "approve the vault",
    to: shard.settlement.token,
    data: encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [vault, amountRaw] }),
    gas: 100_000n,
  });
  await depositor.send({
    label: "first deposit",
    to: vault,
    data: encodeCall(own("ShardVault"), "deposit", [amountRaw, depositor.address]),
    gas: 400_000n,
  });
}

async function setBalance(rpcUrl: string, address: Address, wei: bigint): Promise<void> {
  await rpc(rpcUrl, "anvil_setBalance", [address, `0x${wei.toString(16)}`]);
}
