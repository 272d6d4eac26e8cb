import { getAddress } from "viem";
import { FatalError } from "#shared/errors.ts";
import type { Address } from "#shared/units/ids.ts";
import { call, create, own, thirdParty } from "#test/local/chains/artifacts.ts";
import type { ChainSite, DeployedShard } from "#test/local/deploy/chain-site.ts";
import {
  deployEndpoint,
  deployViews,
  deployWorkers,
  type LayerZeroStack,
} from "#test/local/deploy/layerzero-stack.ts";
import { wireApp, wireDefaults, wireWorkers } from "#test/local/deploy/layerzero-wiring.ts";
import { deployPositionVenues } from "#test/local/deploy/position-venues.ts";
import { deployShardContracts } from "#test/local/deploy/shard-contracts.ts";
import {
  deployFeed,
  deployTokens,
  fundPeople,
  type Person,
  sideRaw,
  type Tokens,
} from "#test/local/deploy/tokens-and-feeds.ts";
import {
  approvePositionManager,
  createPool,
  deployUniswap,
  type Uniswap,
} from "#test/local/deploy/uniswap.ts";
import {
  poolParameters,
  SETTLEMENT,
  TICKERS,
  type Ticker,
} from "#test/local/deploy/world-parameters.ts";

/**
 * Builds everything one shard needs on its chain; what depends on the other chains comes after, in
 * {@link connectShard}. On a fork third-party contracts are taken as they are.
 *
 * @param people Accounts that get tokens to trade with.
 */
export async function deployShard(
  site: ChainSite,
  people: readonly Person[],
): Promise<DeployedShard> {
  const { deployer, keys } = site;
  const deployBlock = Number(await site.client.getBlockNumber()) + 1;
  const stack = await layerZeroOf(site);
  const tokens = await deployTokens(site, stack.endpoint);
  const uniswap = await uniswapOf(site, tokens.weth);
  const market = keys.account("market").address;
  const settlementFeed = await deployFeed(deployer, SETTLEMENT.ticker, market);
  const ownFeeds: string[] = [SETTLEMENT.ticker];
  const feedOf = async (ticker: Ticker): Promise<Address> => {
    const given = site.fork?.feeds?.[ticker];
    if (given !== undefined) return given;
    ownFeeds.push(ticker);
    return deployFeed(deployer, ticker, market);
  };
  const feeds = { ETH: await feedOf("ETH"), BTC: await feedOf("BTC") };
  const volatilityFeed = await create(deployer, own("SettableVolatilityFeed"), [market]);
  await fundPeople(site, tokens, people);
  const pools = await deployPools(site, tokens, uniswap);
  const settlement = { token: tokens.settlement, feed: settlementFeed };
  const underlyings = {
    ETH: { token: tokens.weth, feed: feeds.ETH, pool: pools.ETH },
    BTC: { token: tokens.btc, feed: feeds.BTC, pool: pools.BTC },
  };
  const shard = await deployShardContracts(site, {
    settlement,
    underlyings,
    swapRouter: uniswap.swapRouter,
    pools: TICKERS.map((ticker) => pools[ticker].address),
  });
  const positionVenues = await deployPositionVenues(site, {
    shard,
    settlement,
    weth: { token: tokens.weth, feed: feeds.ETH },
    uniswap,
  });
  await deployer.flush();
  const contracts = {
    ...stack,
    dvns: [...stack.dvns] as [Address, Address],
    ...uniswap,
    ...shard,
    weth: tokens.weth,
    volatilityFeed,
  };
  return { site, deployBlock, contracts, positionVenues, settlement, underlyings, ownFeeds };
}

async function layerZeroOf(site: ChainSite): Promise<LayerZeroStack> {
  const { deployer, keys } = site;
  const endpointId = site.entry.endpointId;
  const dvnOf = (name: string) => ({
    signers: [1, 2, 3].map((number) => keys.account(`${name}-signer-${number}`).address),
    quorum: 2n,
    admin: keys.account(`${name}-admin`).address,
  });
  const setup = {
    endpointId,
    executorAdmin: keys.account("executor").address,
    dvns: [dvnOf("dvn-1"), dvnOf("dvn-2")],
  } as const;
  const base =
    site.fork === null
      ? await deployEndpoint(deployer, endpointId)
      : { ...site.fork.layerZero, ...(await deployViews(deployer, site.fork.layerZero)) };
  return { ...base, ...(await deployWorkers(deployer, base, setup)) };
}

async function uniswapOf(site: ChainSite, weth: Address): Promise<Uniswap> {
  if (site.fork === null) return deployUniswap(site.deployer, weth);
  const { factory, ...others } = site.fork.uniswap;
  return { uniswapFactory: factory, ...others };
}

type DeployedPool = { readonly address: Address; readonly fee: number };

async function deployPools(
  site: ChainSite,
  tokens: Tokens,
  uniswap: Uniswap,
): Promise<Record<Ticker, DeployedPool>> {
  const { deployer } = site;
  const tokenOf = { ETH: tokens.weth, BTC: tokens.btc };
  await approvePositionManager(deployer, uniswap.positionManager, [
    { artifact: own("CollateralOFT"), address: tokens.settlement },
    { artifact: thirdParty("WETH9"), address: tokens.weth },
    { artifact: own("LocalToken"), address: tokens.btc },
  ]);
  for (const ticker of TICKERS) {
    const { fee, sideUsd } = poolParameters(ticker, site.index);
    await createPool(deployer, uniswap.positionManager, {
      base: { token: tokenOf[ticker], amountRaw: sideRaw(ticker, site) },
      quote: {
        token: tokens.settlement,
        amountRaw: BigInt(sideUsd) * 10n ** BigInt(SETTLEMENT.decimals),
      },
      fee,
    });
  }
  await deployer.flush();
  const poolOf = async (ticker: Ticker): Promise<DeployedPool> => {
    const { fee } = poolParameters(ticker, site.index);
    const address = (await site.client.readContract({
      address: uniswap.uniswapFactory,
      abi: thirdParty("UniswapV3Factory").abi,
      functionName: "getPool",
      args: [tokenOf[ticker], tokens.settlement, fee],
    })) as Address;
    if (BigInt(address) === 0n) {
      throw new FatalError(
        "world-pool",
        `${site.entry.key}: the factory has no ${ticker} pool with fee ${fee}.`,
      );
    }
    return { address: getAddress(address), fee };
  };
  return { ETH: await poolOf("ETH"), BTC: await poolOf("BTC") };
}

/** Peers, message configuration and sister vaults towards the other shards. */
export async function connectShard(
  shard: DeployedShard,
  others: readonly DeployedShard[],
): Promise<void> {
  const { deployer, fork } = shard.site;
  const remotes = others.map((other) => other.site.entry.endpointId);
  await wireWorkers(deployer, shard.contracts, remotes);
  if (fork === null) await wireDefaults(deployer, shard.contracts, remotes);
  await wireApp(deployer, shard.contracts, { address: shard.settlement.token, remotes });
  const token = { artifact: own("CollateralOFT"), address: shard.settlement.token };
  const vault = { artifact: own("ShardVault"), address: shard.contracts.vault };
  for (const other of others) {
    const eid = other.site.entry.endpointId;
    await call(deployer, token, "setPeer", [eid, leftPadded(other.settlement.token)]);
    await call(deployer, vault, "setSisterVault", [eid, leftPadded(other.contracts.vault)]);
  }
  await deployer.flush();
}

function leftPadded(address: Address): Address {
  return `0x${address.slice(2).toLowerCase().padStart(64, "0")}`;
}
