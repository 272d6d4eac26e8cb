import { erc20Abi, pad } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hex } from "#shared/units/ids.ts";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { startWorld, type World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";

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
  await expect
    .poll(() => balance(target), { timeout: 30_000, interval: 250 })
    .toBe(before + TRANSFER_RAW);
  expect((await supply(source)) + (await supply(target))).toBe(supplyBefore);
});

test("chain time is wall time and a vault holds its first deposit", async () => {
  for (const chain of chains()) {
    const client = chainClient(chain.rpcUrl, chain.chainId);
    const { timestamp } = await client.getBlock();
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(2.5);
    const capital = await client.readContract({
      address: chain.contracts.vault,
      abi: own("ShardVault").abi,
      functionName: "capital",
    });
    expect(capital).toBeGreaterThan(0n);
  }
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
  const param = {
    dstEid: target.endpointId,
    to: pad(user.address),
    amountLD: TRANSFER_RAW,
    minAmountLD: TRANSFER_RAW,
    extraOptions: OPTIONS,
    composeMsg: "0x",
    oftCmd: "0x",
  };
  const { address } = { address: source.settlement.token };
  const fee = (await client.readContract({
    address,
    abi: token.abi,
    functionName: "quoteSend",
    args: [param, false],
  })) as { nativeFee: bigint };
  expect(fee.nativeFee).toBeGreaterThan(0n);
  await openLane(client, user, 50).send({
    label: "send collateral",
    to: address,
    data: encodeCall(token, "send", [param, fee, user.address]),
    valueWei: fee.nativeFee,
    gas: 600_000n,
  });
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
