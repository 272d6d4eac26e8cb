import { encodeFunctionData, erc20Abi } from "viem";
import { FatalError } from "#shared/errors.ts";
import type { Address } from "#shared/units/ids.ts";
import { rawFromUnitsDown } from "#shared/units/token-amount.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { call, create, own, thirdParty } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import type { ChainSite } from "#test/local/deploy/chain-site.ts";
import {
  FUNDS,
  PRICE_DECIMALS,
  poolParameters,
  SETTLEMENT,
  type Ticker,
  UNDERLYINGS,
} from "#test/local/deploy/world-parameters.ts";

/** Tokens of one chain. */
export type Tokens = {
  readonly settlement: Address;
  readonly weth: Address;
  readonly btc: Address;
};

/** The collateral token as an OFT of `endpoint`, WETH9 and an 8-decimal BTC; a fork's own where it has them. */
export async function deployTokens(site: ChainSite, endpoint: Address): Promise<Tokens> {
  const { deployer } = site;
  return {
    settlement: await create(deployer, own("CollateralOFT"), [
      SETTLEMENT.name,
      SETTLEMENT.ticker,
      endpoint,
      deployer.address,
    ]),
    weth: site.fork?.weth ?? (await create(deployer, thirdParty("WETH9"))),
    btc:
      site.fork?.btc.token ??
      (await create(deployer, own("LocalToken"), [
        "Local Bitcoin",
        "BTC",
        UNDERLYINGS.BTC.decimals,
        deployer.address,
      ])),
  };
}

/** Price feed of a ticker that `owner` sets. */
export function deployFeed(lane: Lane, ticker: string, owner: Address): Promise<Address> {
  return create(lane, own("SettablePriceFeed"), [PRICE_DECIMALS, `${ticker} / USD`, owner]);
}

/** Somebody who trades; only some trade the underlyings themselves. */
export type Person = { readonly address: Address; readonly tradesSpot: boolean };

/**
 * Gives the deployer what its pools need, and `people` what they trade with.
 *
 * On a fork BTC comes from the configured holder, since nobody here may mint it.
 */
export async function fundPeople(
  site: ChainSite,
  tokens: Tokens,
  people: readonly Person[],
): Promise<void> {
  const { deployer } = site;
  const settlement = { artifact: own("CollateralOFT"), address: tokens.settlement };
  const weth = { artifact: thirdParty("WETH9"), address: tokens.weth };
  const poolsUsd =
    poolParameters("ETH", site.index).sideUsd + poolParameters("BTC", site.index).sideUsd;
  await call(deployer, settlement, "mint", [deployer.address, BigInt(2 * poolsUsd) * 10n ** 6n]);
  const poolEthWei = sideRaw("ETH", site);
  const ethWei =
    poolEthWei + FUNDS.ethWei * BigInt(people.filter((person) => person.tradesSpot).length);
  const data = encodeFunctionData({ abi: weth.artifact.abi, functionName: "deposit" });
  await deployer.stage({
    label: "wrap ether",
    to: tokens.weth,
    data,
    valueWei: ethWei,
    gas: 200_000n,
  });
  await giveBtc(site, tokens.btc, deployer.address, sideRaw("BTC", site));
  for (const { address, tradesSpot } of people) {
    await call(deployer, settlement, "mint", [address, FUNDS.settlementRaw]);
    if (!tradesSpot) continue;
    await call(deployer, weth, "transfer", [address, FUNDS.ethWei]);
    await giveBtc(site, tokens.btc, address, FUNDS.btcRaw);
  }
}

/** What the underlying's side of a pool takes, in raw units. */
export function sideRaw(ticker: Ticker, site: ChainSite): bigint {
  const units = poolParameters(ticker, site.index).sideUsd / site.startPricesUsd[ticker];
  return rawFromUnitsDown(units, UNDERLYINGS[ticker].decimals);
}

async function giveBtc(
  site: ChainSite,
  token: Address,
  to: Address,
  amountRaw: bigint,
): Promise<void> {
  if (site.fork === null) {
    await call(site.deployer, { artifact: own("LocalToken"), address: token }, "mint", [
      to,
      amountRaw,
    ]);
    return;
  }
  await giveFromHolder(site, { token, holder: site.fork.btc.holder }, to, amountRaw);
}

async function giveFromHolder(
  site: ChainSite,
  source: { readonly token: Address; readonly holder: Address },
  to: Address,
  amountRaw: bigint,
): Promise<void> {
  const { token, holder } = source;
  const balanceRaw = await site.client.readContract({
    address: token,
    abi: erc20Abi,
    functionName: "balanceOf",
    args: [holder],
  });
  if (balanceRaw < amountRaw) {
    throw new FatalError(
      "config-fork",
      `${site.entry.key}: btc.holder has ${balanceRaw} units left; another ${amountRaw} are needed`,
    );
  }
  const data = encodeFunctionData({
    abi: erc20Abi,
    functionName: "transfer",
    args: [to, amountRaw],
  });
  await rpc(site.rpcUrl, "anvil_setBalance", [holder, "0xde0b6b3a7640000"]);
  await rpc(site.rpcUrl, "anvil_impersonateAccount", [holder]);
  await rpc(site.rpcUrl, "eth_sendTransaction", [
    { from: holder, to: token, data, gas: "0x493e0" },
  ]);
  await rpc(site.rpcUrl, "anvil_stopImpersonatingAccount", [holder]);
}
