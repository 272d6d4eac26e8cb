import { getAddress, parseUnits, stringToHex } from "viem";
import type { Address } from "#shared/units/ids.ts";
import {
  type Artifact,
  call,
  create,
  fromPackage,
  linked,
  own,
  thirdParty,
} from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import type { ChainSite } from "#test/local/deploy/chain-site.ts";
import { LYRA_PARAMETERS, SYNTHETIX_FEES } from "#test/local/deploy/lyra-parameters.ts";
import { deployFeed } from "#test/local/deploy/tokens-and-feeds.ts";
import { createPool } from "#test/local/deploy/uniswap.ts";
import { SETTLEMENT, UNDERLYINGS } from "#test/local/deploy/world-parameters.ts";

/** Lyra V1 on one chain, with one ETH market, and the pool that changes the settlement asset into what it is paid in. */
export type Lyra = {
  readonly market: Address;
  readonly viewer: Address;
  readonly blackScholes: Address;
  readonly greekCache: Address;
  readonly optionToken: Address;
  readonly liquidityPool: Address;
  readonly poolHedger: Address;
  /** Where Synthetix's price is set. */
  readonly rates: Address;
  readonly quoteToken: Address;
  readonly quoteFeed: Address;
  readonly swapPool: Address;
};

const ROOT = "@lyrafinance/protocol/dist/artifacts/contracts/";
const SUSD = key("sUSD");
export const SETH = key("sETH");
/** What other people have there: the liquidity pool, and both sides of the swap pool. */
const OTHERS = { poolUsd: 3_000_000n, swapSideUsd: 5_000_000n } as const;
const SWAP_POOL_FEE = 500;
const QUOTE_DECIMALS = 18;
/** Strikes of a board against spot, and their volatility against the board's. */
const STRIKES = [
  { moneyness: 0.92, skew: "1.08" },
  { moneyness: 1, skew: "1" },
  { moneyness: 1.08, skew: "0.96" },
] as const;

type Contract = { readonly artifact: Artifact; readonly address: Address };
type Contracts = Readonly<Record<string, Contract>>;

/** A name as Synthetix keeps it: ASCII, left-aligned in 32 bytes. */
function key(name: string): `0x${string}` {
  return stringToHex(name, { size: 32 });
}

function artifactOf(path: string): Artifact {
  return fromPackage(`${ROOT}${path}.sol/${path.slice(path.lastIndexOf("/") + 1)}.json`);
}

/**
 * Deploys Lyra V1 with one ETH market, owned by the site's deployer. The Synthetix side is the stand-ins
 * that Lyra's own package ships, since Synthetix itself cannot be installed.
 */
export async function deployLyra(
  site: ChainSite,
  o: {
    readonly settlement: Address;
    readonly uniswap: { readonly uniswapFactory: Address; readonly positionManager: Address };
  },
): Promise<Lyra> {
  const lane = site.deployer;
  const libraries = new Map<string, Address>();
  for (const name of ["GWAV", "BlackScholes"]) {
    const address = await create(lane, artifactOf(`libraries/${name}`));
    libraries.set(`contracts/libraries/${name}.sol:${name}`, address);
  }
  const made = async (path: string, ...args: readonly unknown[]): Promise<Contract> => {
    const artifact = linked(artifactOf(path), libraries);
    return { artifact, address: await create(lane, artifact, args) };
  };
  const synthetix = await deploySynthetix(lane, made);
  const contracts = await deployMarket(lane, made, synthetix);
  await setParameters(lane, contracts);
  const { quote } = synthetix;
  const quoteFeed = await deployFeed(lane, "sUSD", site.keys.account("market").address);
  const swapPool = await openSwapPool(site, { ...o, quote });
  const at = (name: string): Address => contracts[name]?.address ?? "0x";
  return {
    market: at("OptionMarket"),
    viewer: at("OptionMarketViewer"),
    blackScholes: libraries.get("contracts/libraries/BlackScholes.sol:BlackScholes") ?? "0x",
    greekCache: at("OptionGreekCache"),
    optionToken: at("OptionToken"),
    liquidityPool: at("LiquidityPool"),
    poolHedger: at("ShortPoolHedger"),
    rates: synthetix.rates.address,
    quoteToken: quote.address,
    quoteFeed,
    swapPool,
  };
}

type Made = (path: string, ...args: readonly unknown[]) => Promise<Contract>;
type Synthetix = {
  readonly adapter: Contract;
  readonly rates: Contract;
  readonly exchanger: Contract;
  readonly quote: Contract;
  readonly base: Contract;
  readonly market: Contract;
};

async function deploySynthetix(lane: Lane, made: Made): Promise<Synthetix> {
  const adapter = await made("SynthetixAdapter");
  await call(lane, adapter, "initialize", []);
  const stand = (name: string) => made(`test-helpers/${name}`);
  const exchanger = await stand("TestExchanger");
  const rates = await stand("TestExchangeRates");
  const quote = await made("test-helpers/TestERC20Fail", "Synth sUSD", "sUSD");
  const base = await made("test-helpers/TestERC20Fail", "Synth sETH", "sETH");
  const snx = await stand("TestSynthetixReturnZero");
  const shorts = await stand("TestCollateralShort");
  const approvals = await stand("TestDelegateApprovals");
  const resolver = await stand("TestAddressResolver");
  const market = await made("OptionMarket");
  await call(lane, snx, "init", [adapter.address, quote.address, resolver.address]);
  await call(lane, shorts, "init", [adapter.address, quote.address]);
  const named = {
    ProxySynthetix: snx,
    Exchanger: exchanger,
    ExchangeRates: rates,
    CollateralShort: shorts,
    DelegateApprovals: approvals,
  };
  const addresses = Object.values(named).map(({ address }) => address);
  await call(lane, resolver, "setAddresses", [Object.keys(named).map(key), addresses]);
  for (const minter of [snx, shorts]) {
    for (const token of [quote, base])
      await call(lane, token, "permitMint", [minter.address, true]);
    await call(lane, minter, "addBaseAsset", [SETH, base.address, market.address]);
  }
  await call(lane, adapter, "setAddressResolver", [resolver.address]);
  await call(lane, adapter, "updateSynthetixAddresses", []);
  const tracking = [lane.address, key("local")];
  await call(lane, adapter, "setGlobalsForContract", [market.address, SUSD, SETH, ...tracking]);
  return { adapter, rates, exchanger, quote, base, market };
}

async function deployMarket(lane: Lane, made: Made, synthetix: Synthetix): Promise<Contracts> {
  const { adapter, market, quote, base } = synthetix;
  const pricer = await made("OptionMarketPricer");
  const cache = await made("OptionGreekCache");
  const pool = await made("LiquidityPool");
  const shares = await made("LiquidityToken", "sUSD/sETH pool", "LP");
  const token = await made("OptionToken", "sUSD/sETH option", "OT");
  const collateral = await made("ShortCollateral");
  const hedger = await made("ShortPoolHedger");
  const viewer = await made("periphery/OptionMarketViewer");
  const init = (contract: Contract, ...args: readonly Contract[]) =>
    call(
      lane,
      contract,
      "init",
      args.map(({ address }) => address),
    );
  await init(market, adapter, pool, pricer, cache, collateral, token, quote, base);
  await init(pricer, market, cache);
  await init(cache, adapter, market, pricer);
  await init(pool, adapter, market, shares, cache, hedger, collateral, quote, base);
  await init(shares, pool);
  await init(hedger, adapter, market, cache, pool, quote, base);
  await init(collateral, market, pool, token, adapter, quote, base);
  await init(token, market, cache, collateral, adapter);
  await init(viewer, adapter);
  await call(lane, viewer, "addMarket", [
    {
      liquidityPool: pool.address,
      liquidityToken: shares.address,
      greekCache: cache.address,
      optionMarket: market.address,
      optionMarketPricer: pricer.address,
      optionToken: token.address,
      shortCollateral: collateral.address,
      poolHedger: hedger.address,
      quoteAsset: quote.address,
      baseAsset: base.address,
    },
  ]);
  const fee = "setFeeRateForExchange";
  await call(lane, synthetix.exchanger, fee, [SETH, SUSD, SYNTHETIX_FEES.fromBase]);
  await call(lane, synthetix.exchanger, fee, [SUSD, SETH, SYNTHETIX_FEES.fromQuote]);
  return {
    OptionMarket: market,
    OptionMarketPricer: pricer,
    OptionGreekCache: cache,
    LiquidityPool: pool,
    OptionToken: token,
    ShortPoolHedger: hedger,
    OptionMarketViewer: viewer,
  };
}

async function setParameters(lane: Lane, contracts: Contracts): Promise<void> {
  for (const [name, setters] of Object.entries(LYRA_PARAMETERS)) {
    const contract = contracts[name];
    if (contract === undefined) throw new RangeError(`Lyra: no contract ${name}`);
    for (const [setter, value] of Object.entries(setters))
      await call(lane, contract, setter, [value]);
  }
}

/** A pool at par of the settlement asset against what Lyra is paid in. */
async function openSwapPool(
  site: ChainSite,
  o: {
    readonly settlement: Address;
    readonly quote: Contract;
    readonly uniswap: { readonly uniswapFactory: Address; readonly positionManager: Address };
  },
): Promise<Address> {
  const { deployer: lane, client } = site;
  const { positionManager, uniswapFactory } = o.uniswap;
  const quoteRaw = parseUnits(String(OTHERS.swapSideUsd), QUOTE_DECIMALS);
  await call(lane, o.quote, "mint", [lane.address, quoteRaw]);
  await call(lane, o.quote, "approve", [positionManager, quoteRaw]);
  const settlementRaw = parseUnits(String(OTHERS.swapSideUsd), SETTLEMENT.decimals);
  const settlement = { artifact: own("CollateralOFT"), address: o.settlement };
  await call(lane, settlement, "mint", [lane.address, settlementRaw]);
  await createPool(lane, positionManager, {
    base: { token: o.quote.address, amountRaw: quoteRaw },
    quote: { token: o.settlement, amountRaw: settlementRaw },
    fee: SWAP_POOL_FEE,
  });
  await lane.flush();
  const address = await client.readContract({
    address: uniswapFactory,
    abi: thirdParty("UniswapV3Factory").abi,
    functionName: "getPool",
    args: [o.quote.address, o.settlement, SWAP_POOL_FEE],
  });
  return getAddress(address as Address);
}

/** Makes the lane's account, whom {@link stockLyra} nominated, the one that sets Synthetix's prices. */
export async function takeRates(lane: Lane, rates: Address): Promise<void> {
  const artifact = artifactOf("test-helpers/TestExchangeRates");
  await call(lane, { artifact, address: rates }, "acceptOwnership", []);
  await lane.flush();
}

/** Deposits as liquidity providers would, and opens a board for each expiry; needs no feed. */
export async function stockLyra(
  site: ChainSite,
  lyra: Lyra,
  expiriesMs: readonly number[],
): Promise<void> {
  const { deployer: lane, startPricesUsd } = site;
  const at = (path: string, address: Address) => ({ artifact: artifactOf(path), address });
  const priceUsd = startPricesUsd.ETH;
  const price = parseUnits(priceUsd.toFixed(8), QUOTE_DECIMALS);
  await call(lane, at("test-helpers/TestExchangeRates", lyra.rates), "setRateAndInvalid", [
    SETH,
    price,
    false,
  ]);
  const market = site.keys.account("market").address;
  const rates = at("test-helpers/TestExchangeRates", lyra.rates);
  await call(lane, rates, "nominateNewOwner", [market]);
  const deposit = parseUnits(String(OTHERS.poolUsd), QUOTE_DECIMALS);
  const quote = at("test-helpers/TestERC20Fail", lyra.quoteToken);
  await call(lane, quote, "mint", [lane.address, 2n * deposit]);
  // The deployer never trades here: agents ask for depth in its name.
  await call(lane, quote, "approve", [lyra.market, deposit]);
  await call(lane, quote, "approve", [lyra.liquidityPool, deposit]);
  const pool = at("LiquidityPool", lyra.liquidityPool);
  await call(lane, pool, "initiateDeposit", [lane.address, deposit]);
  const hedger = at("ShortPoolHedger", lyra.poolHedger);
  await call(lane, hedger, "openShortAccount", []);
  await call(lane, hedger, "hedgeDelta", []);
  for (const expiryMs of expiriesMs) {
    const strikes = STRIKES.map(({ moneyness }) => BigInt(Math.round(priceUsd * moneyness)));
    await call(lane, at("OptionMarket", lyra.market), "createOptionBoard", [
      BigInt(expiryMs / 1000),
      parseUnits(String(UNDERLYINGS.ETH.startVolatility), QUOTE_DECIMALS),
      strikes.map((strike) => strike * 10n ** BigInt(QUOTE_DECIMALS)),
      STRIKES.map(({ skew }) => parseUnits(skew, QUOTE_DECIMALS)),
      false,
    ]);
  }
  await lane.flush();
}
