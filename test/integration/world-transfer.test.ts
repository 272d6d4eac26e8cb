import { erc20Abi, pad } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  routeQuoteOptions,
  routeQuoteReader,
} from "#shard-agent/adapters/reads/viem-route-quotes.ts";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { Hex } from "#shared/units/ids.ts";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { startWorld, type World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import { secondsOff } from "#test/support/chain/seconds-off.ts";

/** lzReceive with 200,000 gas. */
const OPTIONS: Hex = "0x00030100110100000000000000000000000000030d40";
const TRANSFER_RAW = 123_456_789n;

let world: World;
beforeAll(async () => {
  const processes = { coordinator: false, agents: false, market: false, takers: false };
  world = await startWorld({ chains: 2, seed: 11, processes });
});
afterAll(() => world?.stop());

test("collateral sent over LayerZero arrives after both DVNs attested, also when the worker is restarted", async () => {
  const [source, target] = chains();
  const supplyBefore = (await supply(source)) + (await supply(target));
  const before = await balance(target);
  await world.processes.get("lz-worker").stop();
  await send(source, target);
  expect(await supply(source)).toBe(supplyBefore - (await supply(target)) - TRANSFER_RAW);
  world.processes.start("lz-worker");
  await expect.poll(() => balance(target), { interval: 250 }).toBe(before + TRANSFER_RAW);
  expect((await supply(source)) + (await supply(target))).toBe(supplyBefore);
});

test("chain time is wall time and a vault holds its first deposit", async () => {
  for (const chain of chains()) {
    const client = chainClient(chain.rpcUrl, chain.chainId);
    await expect.poll(() => secondsOff(client)).toBeLessThan(2.5);
    const capital = await client.readContract({
      address: chain.contracts.vault,
      abi: own("ShardVault").abi,
      functionName: "capital",
    });
    expect(capital).toBeGreaterThan(0n);
  }
});

test("a shard's routes are its sister vaults, at the fee their token quotes", async () => {
  const [source, target] = chains();
  const rpc = rpcClient([source.rpcUrl]);
  const contracts = { vault: source.contracts.vault, token: source.settlement.token };
  const options = routeQuoteOptions({
    endpointId: source.endpointId,
    routes: { lzReceiveGas: 200_000 },
    settlement: { decimals: 6 },
  });
  const head = await readHeader(rpc, "latest");
  if (head === null) throw new Error("no head");
  const vault = { to: pad(target.contracts.vault), amountRaw: 10n ** 6n };
  const { nativeFee } = await quote(source, target, vault);
  expect(await routeQuoteReader(rpc, contracts, options)(head)).toMatchObject([
    { dstEid: target.endpointId, feeNativeWei: nativeFee.toString(), acceptsTransfers: true },
  ]);
});

function chains(): [WorldChain, WorldChain] {
  const [source, target] = world.description.chains;
  if (source === undefined || target === undefined) throw new Error("two chains expected");
  return [source, target];
}

async function send(source: WorldChain, target: WorldChain): Promise<void> {
  const user = world.keys.account("user");
  const client = chainClient(source.rpcUrl, source.chainId);
  const token = own("CollateralOFT");
  const message = { to: pad(user.address), amountRaw: TRANSFER_RAW };
  const param = sendParam(target, message);
  const fee = await quote(source, target, message);
  expect(fee.nativeFee).toBeGreaterThan(0n);
  await openLane(client, user, 50).send({
    label: "send collateral",
    to: source.settlement.token,
    data: encodeCall(token, "send", [param, fee, user.address]),
    valueWei: fee.nativeFee,
    gas: 600_000n,
  });
}

type Message = { readonly to: Hex; readonly amountRaw: bigint };

function sendParam(target: WorldChain, { to, amountRaw }: Message) {
  return {
    dstEid: target.endpointId,
    to,
    amountLD: amountRaw,
    minAmountLD: amountRaw,
    extraOptions: OPTIONS,
    composeMsg: "0x",
    oftCmd: "0x",
  };
}

async function quote(source: WorldChain, target: WorldChain, message: Message) {
  const fee = await chainClient(source.rpcUrl, source.chainId).readContract({
    address: source.settlement.token,
    abi: own("CollateralOFT").abi,
    functionName: "quoteSend",
    args: [sendParam(target, message), false],
  });
  return fee as { nativeFee: bigint };
}

function balance(chain: WorldChain): Promise<bigint> {
  return chainClient(chain.rpcUrl, chain.chainId).readContract({
    address: chain.settlement.token,
    abi: erc20Abi,
    functionName: "balanceOf",
    args: [world.keys.account("user").address],
  });
}

function supply(chain: WorldChain): Promise<bigint> {
  return chainClient(chain.rpcUrl, chain.chainId).readContract({
    address: chain.settlement.token,
    abi: erc20Abi,
    functionName: "totalSupply",
  });
}
