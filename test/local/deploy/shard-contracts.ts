import { shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import type { Address } from "#shared/units/ids.ts";
import { call, create, own } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import type { ChainSite } from "#test/local/deploy/chain-site.ts";
import {
  BOOK_POLICY,
  POSITION_VENUE_CAP_RAW,
  SERIES_QUANTITY_CAP,
  TICKERS,
  type Ticker,
  TWAP_GUARD,
  VAULT_LIMITS,
} from "#test/local/deploy/world-parameters.ts";

/** Our own contracts on one chain. */
export type ShardContracts = {
  readonly vault: Address;
  readonly optionBook: Address;
  readonly venueDesk: Address;
  readonly lens: Address;
  readonly uniswapAdapter: Address;
};

export type ShardSetup = {
  readonly settlement: { readonly token: Address; readonly feed: Address };
  readonly underlyings: Readonly<
    Record<Ticker, { readonly token: Address; readonly feed: Address }>
  >;
  readonly swapRouter: Address;
  readonly pools: readonly Address[];
};

/** Vault, option book, venue adapter and lens; the planner's signature alone makes a mandate valid. */
export async function deployShardContracts(
  site: ChainSite,
  setup: ShardSetup,
): Promise<ShardContracts> {
  const { deployer, keys } = site;
  const shard = site.entry.key;
  const uniswapAdapter = await create(deployer, own("UniswapV3Adapter"), [
    setup.swapRouter,
    deployer.address,
    TWAP_GUARD,
    setup.pools,
  ]);
  const hedges = TICKERS.map((ticker) => ({
    asset: setup.underlyings[ticker].token,
    feed: setup.underlyings[ticker].feed,
  }));
  const vault = await create(deployer, own("ShardVault"), [
    {
      asset: setup.settlement.token,
      settlementFeed: setup.settlement.feed,
      shard: shardBytes32(shard),
      admin: deployer.address,
      guardian: keys.account("guardian").address,
      signers: [keys.account("planner").address],
      quorum: 1n,
      hedges,
      limits: VAULT_LIMITS,
    },
  ]);
  const optionBook = await create(deployer, own("OptionBook"), [
    vault,
    deployer.address,
    keys.account(`quoter-${shard}`).address,
    BOOK_POLICY,
    TICKERS.map((ticker) => ({
      underlying: setup.underlyings[ticker].token,
      seriesQuantityCap: SERIES_QUANTITY_CAP[ticker],
    })),
  ]);
  const vaultContract = { artifact: own("ShardVault"), address: vault };
  await call(deployer, vaultContract, "setOptionBook", [optionBook]);
  await call(deployer, vaultContract, "setDepositor", [keys.account("depositor").address, true]);
  await call(deployer, vaultContract, "setVenue", [uniswapAdapter, true]);
  const venueDesk = await create(deployer, own("VenueDesk"), [vault, deployer.address]);
  await call(deployer, vaultContract, "setVenueDesk", [venueDesk]);
  const lens = await create(deployer, own("ShardLens"));
  return { vault, optionBook, venueDesk, uniswapAdapter, lens };
}

/** Lets the vault keep a position at a venue, in the account `adapter`. */
export async function registerVenue(
  lane: Lane,
  shard: Pick<ShardContracts, "vault" | "venueDesk">,
  adapter: Address,
): Promise<void> {
  const vault = { artifact: own("ShardVault"), address: shard.vault };
  const desk = { artifact: own("VenueDesk"), address: shard.venueDesk };
  await call(lane, vault, "setVenue", [adapter, true]);
  await call(lane, desk, "setPositionVenue", [adapter, POSITION_VENUE_CAP_RAW]);
}
