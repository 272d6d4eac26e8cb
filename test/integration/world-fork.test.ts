import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { erc20Abi, pad } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { startWorld, type World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import { secondsOff } from "#test/support/chain/seconds-off.ts";

/** A world without processes is only chains and contracts: it stands in for the public chains. */
const NO_PROCESSES = {
  coordinator: false,
  agents: false,
  lzWorker: false,
  market: false,
  takers: false,
};

const HOLDER = "0x00000000000000000000000000000000000b7c00";

let origin: World;
let forked: World;
let configFile: string;

beforeAll(async () => {
  origin = await startWorld({ chains: 2, seed: 31, processes: NO_PROCESSES });
  const [source] = origin.description.chains;
  if (source === undefined) throw new Error("a chain expected");
  await mintBtcToHolder(source);
  configFile = join(origin.description.dataDir, "fork-ethereum.json");
  writeFileSync(configFile, JSON.stringify(forkConfig(source)));
  forked = await startWorld({
    chains: 2,
    seed: 32,
    processes: { ...NO_PROCESSES, lzWorker: true },
    env: { FORK_URL_ETHEREUM: source.rpcUrl, FORK_CONFIG_ETHEREUM: configFile },
  });
});
afterAll(async () => {
  await forked?.stop();
  await origin?.stop();
});

test("a forked chain keeps its third-party contracts and gets contracts of ours", async () => {
  const [before] = origin.description.chains;
  const [chain] = forked.description.chains;
  if (before === undefined || chain === undefined) throw new Error("a chain expected");
  expect(chain.forkedFrom).toBe(before.rpcUrl);
  for (const name of [
    "endpoint",
    "sendUln",
    "receiveUln",
    "uniswapFactory",
    "swapRouter",
    "quoterV2",
    "weth",
  ] as const) {
    expect(chain.contracts[name]).toBe(before.contracts[name]);
  }
  for (const name of ["vault", "optionBook", "lens", "uniswapAdapter", "executor"] as const) {
    expect(chain.contracts[name]).not.toBe(before.contracts[name]);
  }
  expect(chain.settlement.token).not.toBe(before.settlement.token);
  expect(chain.deployBlock).toBeGreaterThan(before.deployBlock);
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const { vault } = chain.contracts;
  const capital = await client.readContract({
    address: vault,
    abi: own("ShardVault").abi,
    functionName: "capital",
  });
  expect(capital).toBeGreaterThan(0n);
  await expect.poll(() => secondsOff(client)).toBeLessThan(2.5);
});

test("collateral travels from a forked chain to a fresh one over the forked endpoint", async () => {
  const [source, target] = forked.description.chains;
  if (source === undefined || target === undefined) throw new Error("two chains expected");
  const user = forked.keys.account("user");
  const client = chainClient(source.rpcUrl, source.chainId);
  const token = own("CollateralOFT");
  const address = source.settlement.token;
  const param = {
    dstEid: target.endpointId,
    to: pad(user.address),
    amountLD: 5_000_000n,
    minAmountLD: 5_000_000n,
    extraOptions: "0x00030100110100000000000000000000000000030d40",
    composeMsg: "0x",
    oftCmd: "0x",
  };
  const fee = (await client.readContract({
    address,
    abi: token.abi,
    functionName: "quoteSend",
    args: [param, false],
  })) as {
    nativeFee: bigint;
  };
  const before = await balance(target);
  await openLane(client, user, 50).send({
    label: "send collateral",
    to: address,
    data: encodeCall(token, "send", [param, fee, user.address]),
    valueWei: fee.nativeFee,
    gas: 600_000n,
  });
  await expect.poll(() => balance(target), { interval: 250 }).toBe(before + 5_000_000n);
});

test("addresses that the forked chain does not have stop the start, all named at once", async () => {
  const [source] = origin.description.chains;
  if (source === undefined) throw new Error("a chain expected");
  const wrong = forkConfig(source);
  const nobody = "0x00000000000000000000000000000000000ddddd";
  wrong.weth = nobody;
  wrong.layerZero.treasury = nobody;
  wrong.btc.token = source.contracts.weth;
  writeFileSync(configFile, JSON.stringify(wrong));
  const start = startWorld({
    chains: 2,
    processes: NO_PROCESSES,
    env: { FORK_URL_ETHEREUM: source.rpcUrl, FORK_CONFIG_ETHEREUM: configFile },
  });
  await expect(start).rejects.toThrow(
    /layerZero\.treasury: no contract[\s\S]*weth: no contract[\s\S]*btc\.token: found 18 decimals/,
  );
});

/** On a public chain the holder would be some large account; here it gets its tokens from the token's owner. */
async function mintBtcToHolder(chain: WorldChain): Promise<void> {
  const token = chain.underlyings.find(({ ticker }) => ticker === "BTC")?.token;
  if (token === undefined) throw new Error("BTC expected");
  const client = chainClient(chain.rpcUrl, chain.chainId);
  await openLane(client, origin.keys.account("deployer"), 50).send({
    label: "mint BTC",
    to: token,
    data: encodeCall(own("LocalToken"), "mint", [HOLDER, 1_000n * 10n ** 8n]),
    gas: 100_000n,
  });
}

function forkConfig(chain: WorldChain) {
  const { contracts, underlyings } = chain;
  const { endpoint, sendUln, receiveUln, treasury, swapRouter, quoterV2, positionManager } =
    contracts;
  const btc = underlyings.find(({ ticker }) => ticker === "BTC");
  if (btc === undefined) throw new Error("BTC expected");
  return {
    layerZero: { endpoint, sendUln, receiveUln, treasury },
    uniswap: { factory: contracts.uniswapFactory, swapRouter, quoterV2, positionManager },
    weth: contracts.weth,
    btc: { token: btc.token, holder: HOLDER },
  };
}

function balance(chain: WorldChain): Promise<bigint> {
  return chainClient(chain.rpcUrl, chain.chainId).readContract({
    address: chain.settlement.token,
    abi: erc20Abi,
    functionName: "balanceOf",
    args: [forked.keys.account("user").address],
  });
}
