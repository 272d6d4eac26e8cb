import { encodeFunctionData, parseUnits } from "viem";
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
import { SETTLEMENT, UNDERLYINGS } from "#test/local/deploy/world-parameters.ts";

/** Aave v3 on one chain. */
export type Aave = {
  readonly pool: Address;
  readonly oracle: Address;
  /** Aave's own reader of rates and caps. */
  readonly dataProvider: Address;
};

/** An asset with a reserve, and the feed Aave prices it from. */
export type AaveAsset = { readonly token: Address; readonly feed: Address };
export type AaveAssets = { readonly settlement: AaveAsset; readonly weth: AaveAsset };

const NO_ADDRESS: Address = "0x0000000000000000000000000000000000000000";
const LOGIC = "protocol/libraries/logic/";
const LIBRARIES = [
  "BorrowLogic",
  "BridgeLogic",
  "EModeLogic",
  "LiquidationLogic",
  "PoolLogic",
  "SupplyLogic",
  "ConfiguratorLogic",
  // Last: it uses the first.
  "FlashLoanLogic",
] as const;
/** Basis points: loan-to-value, liquidation threshold, liquidation bonus. */
const RISK = { weth: [8_000n, 8_250n, 10_500n], settlement: [7_700n, 8_000n, 10_500n] } as const;
/** What other people have supplied and borrowed, so that there is liquidity and a rate. */
const OTHERS = { settlementUsd: 2_000_000n, weth: 1_000n, borrowedUsd: 600_000n } as const;
const VARIABLE_RATE = 2n;
const SUPPLY_CAP_TOKENS = 50_000_000n;

function aave(path: string): Artifact {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return fromPackage(`@aave/core-v3/artifacts/contracts/${path}.sol/${name}.json`);
}

/** Deploys Aave v3 with reserves of the settlement asset and WETH, owned by the site's deployer. */
export async function deployAave(site: ChainSite, assets: AaveAssets): Promise<Aave> {
  const { deployer } = site;
  const libraries = await deployLibraries(deployer);
  const provider = await deployProvider(deployer);
  const poolImplementation = linked(aave("protocol/pool/Pool"), libraries);
  const configuratorImplementation = linked(aave("protocol/pool/PoolConfigurator"), libraries);
  const ofPool = await create(deployer, poolImplementation, [provider.address]);
  await call(deployer, provider, "setPoolImpl", [ofPool]);
  const ofConfigurator = await create(deployer, configuratorImplementation);
  await call(deployer, provider, "setPoolConfiguratorImpl", [ofConfigurator]);
  const oracle = await create(deployer, aave("misc/AaveOracle"), [
    provider.address,
    [assets.weth.token, assets.settlement.token],
    [assets.weth.feed, assets.settlement.feed],
    NO_ADDRESS,
    NO_ADDRESS,
    10n ** 8n,
  ]);
  await call(deployer, provider, "setPriceOracle", [oracle]);
  const dataProvider = await create(deployer, aave("misc/AaveProtocolDataProvider"), [
    provider.address,
  ]);
  await call(deployer, provider, "setPoolDataProvider", [dataProvider]);
  await deployer.flush();
  const proxyOf = (functionName: string) =>
    site.client.readContract({
      address: provider.address,
      abi: provider.artifact.abi,
      functionName,
    }) as Promise<Address>;
  const pool = await proxyOf("getPool");
  const configurator = {
    artifact: aave("protocol/pool/PoolConfigurator"),
    address: await proxyOf("getPoolConfigurator"),
  };
  await openReserves(deployer, { provider: provider.address, pool, configurator, assets });
  await deployer.flush();
  return { pool, oracle, dataProvider };
}

type Contract = { readonly artifact: Artifact; readonly address: Address };

async function deployLibraries(lane: Lane): Promise<ReadonlyMap<string, Address>> {
  const libraries = new Map<string, Address>();
  for (const name of LIBRARIES) {
    const artifact = linked(aave(`${LOGIC}${name}`), libraries);
    libraries.set(`contracts/${LOGIC}${name}.sol:${name}`, await create(lane, artifact));
  }
  return libraries;
}

/** Address book and access control; the lane's account has every role. */
async function deployProvider(lane: Lane): Promise<Contract> {
  const artifact = aave("protocol/configuration/PoolAddressesProvider");
  const provider = { artifact, address: await create(lane, artifact, ["Local", lane.address]) };
  await call(lane, provider, "setACLAdmin", [lane.address]);
  const roles = aave("protocol/configuration/ACLManager");
  const manager = { artifact: roles, address: await create(lane, roles, [provider.address]) };
  await call(lane, provider, "setACLManager", [manager.address]);
  for (const role of ["addPoolAdmin", "addAssetListingAdmin", "addRiskAdmin"])
    await call(lane, manager, role, [lane.address]);
  return provider;
}

async function openReserves(
  lane: Lane,
  o: {
    readonly provider: Address;
    readonly pool: Address;
    readonly configurator: Contract;
    readonly assets: AaveAssets;
  },
): Promise<void> {
  const token = (name: string) => create(lane, aave(`protocol/tokenization/${name}`), [o.pool]);
  const implementations = {
    aTokenImpl: await token("AToken"),
    stableDebtTokenImpl: await token("StableDebtToken"),
    variableDebtTokenImpl: await token("VariableDebtToken"),
  };
  const ray = (fraction: string) => parseUnits(fraction, 27);
  const rates = ["0.8", "0", "0.04", "0.75", "0.005", "0.75", "0.01", "0.08", "0.2"].map(ray);
  const strategy = aave("protocol/pool/DefaultReserveInterestRateStrategy");
  const interestRateStrategyAddress = await create(lane, strategy, [o.provider, ...rates]);
  const reserve = (underlyingAsset: Address, underlyingAssetDecimals: number, symbol: string) => ({
    ...implementations,
    underlyingAssetDecimals,
    interestRateStrategyAddress,
    underlyingAsset,
    treasury: lane.address,
    incentivesController: NO_ADDRESS,
    aTokenName: `Aave ${symbol}`,
    aTokenSymbol: `a${symbol}`,
    variableDebtTokenName: `Aave variable debt ${symbol}`,
    variableDebtTokenSymbol: `v${symbol}`,
    stableDebtTokenName: `Aave stable debt ${symbol}`,
    stableDebtTokenSymbol: `s${symbol}`,
    params: "0x",
  });
  const { weth, settlement } = o.assets;
  await call(lane, o.configurator, "initReserves", [
    [
      reserve(weth.token, UNDERLYINGS.ETH.decimals, "WETH"),
      reserve(settlement.token, SETTLEMENT.decimals, SETTLEMENT.ticker),
    ],
  ]);
  for (const [asset, risk] of [
    [weth, RISK.weth],
    [settlement, RISK.settlement],
  ] as const) {
    await call(lane, o.configurator, "configureReserveAsCollateral", [asset.token, ...risk]);
    await call(lane, o.configurator, "setReserveBorrowing", [asset.token, true]);
  }
  await call(lane, o.configurator, "setSupplyCap", [settlement.token, SUPPLY_CAP_TOKENS]);
}

/** Supplies and borrows as other people would; needs feeds with a price, since Aave values the debt. */
export async function stockAave(lane: Lane, pool: Address, assets: AaveAssets): Promise<void> {
  const target = { artifact: aave("protocol/pool/Pool"), address: pool };
  const settlement = { artifact: own("CollateralOFT"), address: assets.settlement.token };
  const weth = { artifact: thirdParty("WETH9"), address: assets.weth.token };
  const settlementRaw = OTHERS.settlementUsd * 10n ** BigInt(SETTLEMENT.decimals);
  const wethRaw = OTHERS.weth * 10n ** BigInt(UNDERLYINGS.ETH.decimals);
  await call(lane, settlement, "mint", [lane.address, settlementRaw]);
  const data = encodeFunctionData({ abi: weth.artifact.abi, functionName: "deposit" });
  const to = weth.address;
  await lane.stage({ label: "wrap ether", to, data, valueWei: wethRaw, gas: 200_000n });
  for (const [token, amountRaw] of [
    [settlement, settlementRaw],
    [weth, wethRaw],
  ] as const) {
    await call(lane, token, "approve", [pool, amountRaw]);
    await call(lane, target, "supply", [token.address, amountRaw, lane.address, 0]);
  }
  const borrowedRaw = OTHERS.borrowedUsd * 10n ** BigInt(SETTLEMENT.decimals);
  await call(lane, target, "borrow", [
    settlement.address,
    borrowedRaw,
    VARIABLE_RATE,
    0,
    lane.address,
  ]);
  await lane.flush();
}
