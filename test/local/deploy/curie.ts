import { parseUnits } from "viem";
import type { Address } from "#shared/units/ids.ts";
import {
  type Artifact,
  call,
  create,
  fromPackage,
  own,
  thirdParty,
} from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import type { ChainSite } from "#test/local/deploy/chain-site.ts";
import { SETTLEMENT, VAULT_LIMITS } from "#test/local/deploy/world-parameters.ts";

/** Perpetual Protocol v2 "Curie" on one chain, with one market. */
export type Curie = {
  readonly clearingHouse: Address;
  readonly accountBalance: Address;
  readonly exchange: Address;
  readonly marginVault: Address;
  readonly insuranceFund: Address;
  /** The market's base token, its pool of virtual tokens, and the feed its index comes from. */
  readonly market: Address;
  readonly pool: Address;
  readonly priceFeed: Address;
};

const ROOT = "@perp/curie-deployments/optimism/core/artifacts/";
const POOL_FEE = 3_000;
const TICK_SPACING = 60;
const MAX_UINT256 = 2n ** 256n - 1n;
const Q192 = 2n ** 192n;
/** Curie's intervals in seconds: its own (900, 1800, 900) for a market that moves a quarter of an hour in a second. */
const INTERVALS = { twap: 3, markMarketTwap: 6, markPremium: 3 } as const;
/**
 * Parts per million: trading fee 0.1 %, of which a fifth goes to the insurance fund, and how far pool and
 * index may be apart before Curie takes no trade (its own 10 % would halt this fast market in a crash, since
 * it looks at 15 s of index). Ticks of 0.01 % that one block may cross.
 */
export const MARKET = {
  fee: 1_000,
  insuranceShare: 200_000,
  spreadMax: 300_000,
  ticksPerBlock: 1_000,
} as const;
/** What other people have there: the maker's liquidity, the margin of those who trade, the insurance. */
const OTHERS = {
  makerMarginUsd: 10_000_000n,
  makerSideUsd: 6_000_000,
  makerTicks: 6_000,
  traderMarginUsd: 10_000_000n,
  insuranceUsd: 1_000_000n,
} as const;

type Contract = { readonly artifact: Artifact; readonly address: Address };

function curie(name: string): Artifact {
  return fromPackage(`${ROOT}contracts/${name}.sol/${name}.json`);
}

function oracle(name: string): Artifact {
  return fromPackage(`${ROOT}oracle-contracts/contracts/${name}.sol/${name}.json`);
}

/**
 * Deploys Curie with an ETH market, owned by the site's deployer. The chain's clock must stand half an
 * hour before the first trade, since the pool refuses to price without that much history.
 */
export async function deployCurie(
  site: ChainSite,
  o: { readonly settlement: Address; readonly feed: Address },
): Promise<Curie> {
  const { deployer } = site;
  const made = async (name: string, ...initialisedWith: readonly unknown[]): Promise<Contract> => {
    const artifact = curie(name);
    const contract = { artifact, address: await create(deployer, artifact) };
    if (initialisedWith.length > 0) await call(deployer, contract, "initialize", initialisedWith);
    return contract;
  };
  const { base, quote, priceFeed } = await deployTokens(deployer, o.feed);
  const factory = await create(deployer, thirdParty("UniswapV3Factory"));
  const config = await made("ClearingHouseConfig");
  await configure(deployer, config);
  const registry = await made("MarketRegistry", factory, quote.address);
  const orders = await made("OrderBook", registry.address);
  const exchange = await made("Exchange", registry.address, orders.address, config.address);
  await call(deployer, orders, "setExchange", [exchange.address]);
  const insurance = await made("InsuranceFund", o.settlement);
  const balance = await made("AccountBalance", config.address, orders.address);
  await call(deployer, exchange, "setAccountBalance", [balance.address]);
  const parts = [insurance, config, balance, exchange].map(({ address }) => address);
  const vault = await made("Vault", ...parts);
  await call(deployer, insurance, "setVault", [vault.address]);
  await call(deployer, balance, "setVault", [vault.address]);
  const limits = [5, 750_000, 500_000, 2_000, 30_000, 10_000_000_000n, 500_000_000n] as const;
  const manager = await made("CollateralManager", config.address, vault.address, ...limits);
  await call(deployer, vault, "setCollateralManager", [manager.address]);
  const house = await made(
    "ClearingHouse",
    ...[config, vault, quote].map(({ address }) => address),
    factory,
    ...[exchange, balance, insurance].map(({ address }) => address),
  );
  for (const part of [registry, orders, exchange, balance, vault])
    await call(deployer, part, "setClearingHouse", [house.address]);
  const pool = await openMarket(site, { base, quote, factory, registry, exchange, house });
  return {
    clearingHouse: house.address,
    accountBalance: balance.address,
    exchange: exchange.address,
    marginVault: vault.address,
    insuranceFund: insurance.address,
    market: base.address,
    pool,
    priceFeed,
  };
}

async function configure(lane: Lane, config: Contract): Promise<void> {
  await call(lane, config, "initialize", []);
  await call(lane, config, "setSettlementTokenBalanceCap", [MAX_UINT256]);
  await call(lane, config, "setTwapInterval", [INTERVALS.twap]);
  await call(lane, config, "setMarkPriceMarketTwapInterval", [INTERVALS.markMarketTwap]);
  await call(lane, config, "setMarkPricePremiumInterval", [INTERVALS.markPremium]);
}

/** The virtual tokens, the base's address below the quote's as Curie demands, and the index. */
async function deployTokens(
  lane: Lane,
  feed: Address,
): Promise<{ base: Contract; quote: Contract; priceFeed: Address }> {
  const artifacts = { base: curie("BaseToken"), quote: curie("QuoteToken") };
  const base = { artifact: artifacts.base, address: await create(lane, artifacts.base) };
  const newQuote = async () => ({
    artifact: artifacts.quote,
    address: await create(lane, artifacts.quote),
  });
  let quote = await newQuote();
  while (BigInt(base.address) >= BigInt(quote.address)) quote = await newQuote();
  const priceFeed = await create(lane, oracle("ChainlinkPriceFeedV3"), [
    feed,
    BigInt(VAULT_LIMITS.feedStaleAfterSeconds),
    BigInt(INTERVALS.twap),
  ]);
  const dispatcher = await create(lane, oracle("PriceFeedDispatcher"), [priceFeed]);
  await call(lane, quote, "initialize", ["vUSD", "vUSD"]);
  await call(lane, base, "initialize", ["vETH", "vETH", dispatcher]);
  return { base, quote, priceFeed };
}

async function openMarket(
  site: ChainSite,
  o: {
    readonly base: Contract;
    readonly quote: Contract;
    readonly factory: Address;
    readonly registry: Contract;
    readonly exchange: Contract;
    readonly house: Contract;
  },
): Promise<Address> {
  const { deployer: lane, client } = site;
  const { base, quote, house } = o;
  const factory = { artifact: thirdParty("UniswapV3Factory"), address: o.factory };
  await call(lane, factory, "createPool", [base.address, quote.address, POOL_FEE]);
  await lane.flush();
  const address = (await client.readContract({
    address: o.factory,
    abi: factory.artifact.abi,
    functionName: "getPool",
    args: [base.address, quote.address, POOL_FEE],
  })) as Address;
  const pool = { artifact: thirdParty("UniswapV3Pool"), address };
  await call(lane, pool, "initialize", [sqrtPriceX96(site.startPricesUsd.ETH)]);
  await call(lane, pool, "increaseObservationCardinalityNext", [100]);
  for (const token of [quote, base]) {
    await call(lane, token, "mintMaximumTo", [house.address]);
    for (const account of [house.address, address])
      await call(lane, token, "addWhitelist", [account]);
  }
  await call(lane, o.registry, "addPool", [base.address, POOL_FEE]);
  await call(lane, o.registry, "setFeeRatio", [base.address, MARKET.fee]);
  await call(lane, o.registry, "setMarketMaxPriceSpreadRatio", [base.address, MARKET.spreadMax]);
  await call(lane, o.registry, "setInsuranceFundFeeRatio", [base.address, MARKET.insuranceShare]);
  const ticks = [base.address, MARKET.ticksPerBlock];
  await call(lane, o.exchange, "setMaxTickCrossedWithinBlock", ticks);
  return address;
}

/** Of a pool of two tokens with 18 decimals, the priced one first. */
function sqrtPriceX96(priceUsd: number): bigint {
  return squareRoot(parseUnits(priceUsd.toFixed(8), 8) * (Q192 / 10n ** 8n));
}

function squareRoot(value: bigint): bigint {
  let root = value;
  let next = (value + 1n) / 2n;
  while (next < root) {
    root = next;
    next = (value / next + next) / 2n;
  }
  return root;
}

/**
 * A maker's liquidity round the price, margin for those who trade there, and an insurance fund; the
 * feed must have a price.
 *
 * @param traders Accounts that get margin.
 */
export async function stockCurie(
  site: ChainSite,
  at: Curie & { readonly settlement: Address },
  traders: readonly Address[],
): Promise<void> {
  const { deployer: lane, startPricesUsd } = site;
  const unit = 10n ** BigInt(SETTLEMENT.decimals);
  const margin = [
    { to: lane.address, raw: OTHERS.makerMarginUsd * unit },
    ...traders.map((to) => ({ to, raw: OTHERS.traderMarginUsd * unit })),
  ];
  const totalRaw = margin.reduce((sum, { raw }) => sum + raw, 0n);
  const settlement = { artifact: own("CollateralOFT"), address: at.settlement };
  const vault = { artifact: curie("Vault"), address: at.marginVault };
  await call(
    lane,
    { artifact: oracle("ChainlinkPriceFeedV3"), address: at.priceFeed },
    "update",
    [],
  );
  await call(lane, settlement, "mint", [at.insuranceFund, OTHERS.insuranceUsd * unit]);
  await call(lane, settlement, "mint", [lane.address, totalRaw]);
  await call(lane, settlement, "approve", [vault.address, totalRaw]);
  for (const { to, raw } of margin)
    await call(lane, vault, "depositFor", [to, settlement.address, raw]);
  const priceUsd = startPricesUsd.ETH;
  const middle = Math.round(Math.log(priceUsd) / Math.log(1.0001) / TICK_SPACING) * TICK_SPACING;
  await call(
    lane,
    { artifact: curie("ClearingHouse"), address: at.clearingHouse },
    "addLiquidity",
    [
      {
        baseToken: at.market,
        base: parseUnits((OTHERS.makerSideUsd / priceUsd).toFixed(6), 18),
        quote: parseUnits(String(OTHERS.makerSideUsd), 18),
        lowerTick: middle - OTHERS.makerTicks,
        upperTick: middle + OTHERS.makerTicks,
        minBase: 0n,
        minQuote: 0n,
        useTakerBalance: false,
        deadline: MAX_UINT256,
      },
    ],
  );
  await lane.flush();
}
