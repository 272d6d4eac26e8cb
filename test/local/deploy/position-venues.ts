import { call, create, own } from "#test/local/chains/artifacts.ts";
import { type AaveAsset, deployAave, stockAave } from "#test/local/deploy/aave.ts";
import type { ChainSite, DeployedShard } from "#test/local/deploy/chain-site.ts";
import { deployCurie, MARKET, stockCurie } from "#test/local/deploy/curie.ts";
import { deployLyra, stockLyra } from "#test/local/deploy/lyra.ts";
import { registerVenue, type ShardContracts } from "#test/local/deploy/shard-contracts.ts";
import type { Uniswap } from "#test/local/deploy/uniswap.ts";
import {
  AAVE_CHAIN,
  CURIE_CHAIN,
  LYRA_CHAIN,
  LYRA_FEE_BPS,
  LYRA_MEAN_SECONDS,
  MARGIN_RATIO_FLOOR,
} from "#test/local/deploy/world-parameters.ts";
import type { WorldPositionVenues } from "#test/local/world-description.ts";

export type PositionVenueSetup = {
  readonly shard: Pick<ShardContracts, "vault" | "venueDesk" | "uniswapAdapter">;
  readonly uniswap: Pick<Uniswap, "uniswapFactory" | "positionManager">;
  readonly settlement: AaveAsset;
  readonly weth: AaveAsset;
};

/** The venues of one chain at which its vault may keep positions, each with the vault's account. */
export async function deployPositionVenues(
  site: ChainSite,
  setup: PositionVenueSetup,
): Promise<WorldPositionVenues> {
  if (site.fork !== null) return { aaveV3: null, curie: null, lyraV1: null };
  return {
    aaveV3: site.index === AAVE_CHAIN ? await aaveOf(site, setup) : null,
    curie: site.index === CURIE_CHAIN ? await curieOf(site, setup) : null,
    lyraV1: site.index === LYRA_CHAIN ? await lyraOf(site, setup) : null,
  };
}

async function aaveOf(site: ChainSite, { shard, settlement, weth }: PositionVenueSetup) {
  const aave = await deployAave(site, { settlement, weth });
  const adapter = await create(site.deployer, own("AaveV3Adapter"), [shard.venueDesk, aave.pool]);
  await registerVenue(site.deployer, shard, adapter);
  return { adapter, ...aave };
}

async function curieOf(site: ChainSite, { shard, settlement, weth }: PositionVenueSetup) {
  const deployed = await deployCurie(site, { settlement: settlement.token, feed: weth.feed });
  const { market, pool, priceFeed, ...curie } = deployed;
  const adapter = await create(site.deployer, own("CurieAdapter"), [
    shard.venueDesk,
    curie.clearingHouse,
    [{ market, underlying: weth.token }],
  ]);
  await registerVenue(site.deployer, shard, adapter);
  const desk = { artifact: own("VenueDesk"), address: shard.venueDesk };
  await call(site.deployer, desk, "setHealthFloor", [adapter, MARGIN_RATIO_FLOOR]);
  const quoteFrom = site.keys.account("perp-quoter").address;
  const markets = [{ underlying: "ETH", market, pool, fee: MARKET.fee, priceFeed }];
  return { adapter, quoteFrom, ...curie, markets };
}

async function lyraOf(site: ChainSite, setup: PositionVenueSetup) {
  const { deployer } = site;
  const { shard, settlement, weth, uniswap } = setup;
  const lyra = await deployLyra(site, { settlement: settlement.token, uniswap });
  const spot = { artifact: own("UniswapV3Adapter"), address: shard.uniswapAdapter };
  await call(deployer, spot, "setPool", [lyra.swapPool, true]);
  const adapter = await create(deployer, own("LyraV1Adapter"), [
    shard.venueDesk,
    {
      viewer: lyra.viewer,
      market: lyra.market,
      blackScholes: lyra.blackScholes,
      underlying: weth.token,
      quoteFeed: lyra.quoteFeed,
      swapVenue: shard.uniswapAdapter,
      swapPool: lyra.swapPool,
      feeBps: LYRA_FEE_BPS,
      meanSeconds: LYRA_MEAN_SECONDS,
    },
  ]);
  await registerVenue(deployer, shard, adapter);
  return { adapter, underlying: "ETH", quoteFrom: deployer.address, ...lyra };
}

/** What other people have at the venues of a chain; its feeds must have prices. Options are listed for `expiriesMs`. */
export async function stockPositionVenues(
  shard: DeployedShard,
  expiriesMs: readonly number[],
): Promise<void> {
  const { site, positionVenues, settlement, underlyings } = shard;
  const { aaveV3, curie, lyraV1 } = positionVenues;
  if (aaveV3 !== null)
    await stockAave(site.deployer, aaveV3.pool, { settlement, weth: underlyings.ETH });
  if (lyraV1 !== null) {
    await stockLyra(site, lyraV1, expiriesMs);
    const account = { artifact: own("LyraV1Adapter"), address: lyraV1.adapter };
    await call(site.deployer, account, "noteStrikes", []);
  }
  if (curie === null) return;
  const traders = [curie.quoteFrom, site.keys.account("arbitrageur").address];
  for (const { underlying: _, fee: __, ...market } of curie.markets) {
    await stockCurie(site, { ...curie, ...market, settlement: settlement.token }, traders);
  }
}
