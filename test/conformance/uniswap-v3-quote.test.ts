import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAbi } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LensReads, lensReads } from "#shard-agent/adapters/reads/lens-reads.ts";
import {
  readDepth,
  readTickTables,
  type TickTables,
} from "#shard-agent/adapters/reads/pool-depth.ts";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView, readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { DepthRequest } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import { rpc, startAnvil } from "#test/local/chains/anvil.ts";
import { call, create, own, thirdParty } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import { worldKeys } from "#test/local/chains/world-keys.ts";
import { buildContracts } from "#test/local/contracts-build.ts";
import { deployUniswap, type Uniswap } from "#test/local/deploy/uniswap.ts";
import { createSupervisor, type Supervisor } from "#test/local/processes/supervisor.ts";
import { seededRandom } from "#test/support/maths/seeded-random.ts";

const CHAIN_ID = 31_337;
const PLENTY = 10n ** 40n;
const Q96 = 2n ** 96n;
const NEVER = 2n ** 64n;

/** Pools whose positions overlap, touch, lie on one side, and leave gaps; ticks in spacings from the start. */
const POOLS = [
  {
    fee: 500,
    spacing: 10,
    positions: [
      [-88_000, 88_000],
      [-40, 40],
      [-7, 3],
      [0, 1],
      [3, 400],
      [-900, -300],
    ],
  },
  {
    fee: 3000,
    spacing: 60,
    positions: [
      [-60, 60],
      [-1, 1],
      [10, 14],
      [-256, -255],
      [255, 256],
    ],
  },
  {
    fee: 10_000,
    spacing: 200,
    positions: [
      [-5, 5],
      [-30, -10],
      [12, 40],
    ],
  },
] as const;

type Site = {
  readonly url: string;
  readonly lane: Lane;
  readonly uniswap: Uniswap;
  readonly lens: LensReads;
  readonly tokens: readonly [Address, Address];
  readonly pools: readonly Address[];
};

let folder: string;
let supervisor: Supervisor;
let site: Site;

beforeAll(async () => {
  buildContracts(() => undefined);
  folder = mkdtempSync(join(tmpdir(), "riskshard-quotes-"));
  supervisor = createSupervisor(folder);
  site = await openSite();
});
afterAll(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("what a pool gives for an exact input, to the unit as Uniswap's QuoterV2 says it", () => {
  test.each(POOLS.map(({ fee }, index) => ({ fee, index })))(
    "fee $fee: sizes of all magnitudes, both ways, across ticks, words and gaps, as the pool is traded",
    async ({ fee, index }) => {
      const random = seededRandom(fee);
      let answered = 0;
      for (let round = 0; round < 12; round += 1) {
        const requests = Array.from({ length: 40 }, () => requestOf(site, { fee, index, random }));
        const { computed, quoted } = await bothWays(site, index, requests);
        expect(computed).toEqual(quoted);
        answered += quoted.filter((amount) => amount > 0n).length;
        await swap(site, requestOf(site, { fee, index, random }));
      }
      expect(answered).toBeGreaterThan(240);
    },
  );

  test("liquidity that comes or goes out of range is seen when the ticks are read anew, and not before", async () => {
    const index = 1;
    const [pool] = site.pools.slice(index);
    if (pool === undefined) throw new Error("a pool expected");
    const [tokenIn, tokenOut] = site.tokens;
    const sizes = [10n ** 20n, 10n ** 22n, 10n ** 23n, 2n * 10n ** 23n];
    const requests = sizes.map((amountInRaw) => ({
      pool,
      assetIn: tokenIn,
      assetOut: tokenOut,
      fee: 3000,
      amountInRaw,
    }));
    const before = await bothWays(site, index, requests);
    await mint(site, 3000, [-40, -2].map((steps) => steps * 60) as [number, number]);
    const stale = await bothWays(site, index, requests, { known: before.tables });
    expect(stale.computed).not.toEqual(stale.quoted);
    const fresh = await bothWays(site, index, requests);
    expect(fresh.computed).toEqual(fresh.quoted);
  });

  test("what leaves the known ticks is asked of QuoterV2", async () => {
    const [pool] = site.pools;
    const [assetIn, assetOut] = site.tokens;
    if (pool === undefined) throw new Error("a pool expected");
    const request = { pool, assetIn, assetOut, fee: 500, amountInRaw: 10n ** 32n };
    const requests = [{ ...request, amountInRaw: 5n }, request];
    const asked: DepthRequest[] = [];
    const quotes: LensReads["quotes"] = async (_block, open) => {
      asked.push(...open);
      return [77n];
    };
    const { computed } = await bothWays(site, 0, requests, { quotes });
    expect(asked).toEqual([request]);
    expect(computed).toEqual([computed[0], 77n]);
  });
});

/** Depth by the pool's ticks and by QuoterV2, at one block; what leaves the known ticks would be asked and fails. */
async function bothWays(
  { url, lens, pools: addresses }: Site,
  index: number,
  requests: readonly DepthRequest[],
  o: { readonly known?: TickTables; readonly quotes?: LensReads["quotes"] } = {},
) {
  const block = await readHeader(rpcClient([url]), "latest");
  if (block === null) throw new Error("a block expected");
  const pools = await Promise.all(addresses.map((pool) => readPool(url, pool)));
  const anew = { known: o.known ?? new Map(), changed: () => false };
  const tables = await readTickTables(lens, block, { addresses, pools, ...anew });
  const table = tables.get(addresses[index] as Address);
  expect(table?.ticks.length).toBeGreaterThan(4);
  const computed = await readDepth({ quotes: o.quotes ?? unasked }, block, {
    requests,
    addresses,
    pools,
    tables,
  });
  return { tables, computed, quoted: [...(await lens.quotes(block, requests))] };
}

/** Within the known ticks nothing is left to ask. */
async function unasked(_block: unknown, open: readonly DepthRequest[]): Promise<readonly bigint[]> {
  expect(open).toEqual([]);
  return [];
}

const poolAbi = parseAbi([
  "function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint8, bool)",
  "function liquidity() view returns (uint128)",
  "function tickSpacing() view returns (int24)",
]);

async function readPool(url: string, pool: Address) {
  const view = (name: "slot0" | "liquidity" | "tickSpacing") =>
    callView(rpcClient([url]), { abi: poolAbi, to: pool, name, args: [], at: "latest" });
  const [slot, liquidity, spacing] = await Promise.all([
    view("slot0"),
    view("liquidity"),
    view("tickSpacing"),
  ]);
  const [sqrtPriceX96, tick] = slot as readonly [bigint, number];
  const state = { spotTick: tick, twapTick: tick, hasHistory: false, takesTrades: false };
  return {
    sqrtPriceX96,
    tick,
    tickSpacing: spacing as number,
    liquidity: liquidity as bigint,
    state,
  };
}

/** One to 10^24 units, either way: from less than the fee's rounding to a third of the widest position. */
function requestOf(
  { pools, tokens }: Site,
  o: { readonly fee: number; readonly index: number; readonly random: () => number },
): DepthRequest {
  const [first, second] = tokens;
  const isFirstIn = o.random() < 0.5;
  return {
    pool: pools[o.index] as Address,
    assetIn: isFirstIn ? first : second,
    assetOut: isFirstIn ? second : first,
    fee: o.fee,
    amountInRaw:
      BigInt(Math.floor(10 ** (o.random() * 15))) * 10n ** BigInt(Math.floor(o.random() * 9)) + 1n,
  };
}

async function swap({ lane, uniswap }: Site, o: DepthRequest): Promise<void> {
  const router = { artifact: thirdParty("SwapRouter"), address: uniswap.swapRouter };
  await call(lane, router, "exactInputSingle", [
    {
      tokenIn: o.assetIn,
      tokenOut: o.assetOut,
      fee: o.fee,
      recipient: lane.address,
      deadline: NEVER,
      amountIn: o.amountInRaw,
      amountOutMinimum: 0n,
      sqrtPriceLimitX96: 0n,
    },
  ]);
  await lane.flush();
}

async function mint(
  { lane, uniswap, tokens }: Pick<Site, "lane" | "uniswap" | "tokens">,
  fee: number,
  [tickLower, tickUpper]: readonly [number, number],
): Promise<void> {
  const [token0, token1] = tokens;
  const manager = {
    artifact: thirdParty("NonfungiblePositionManager"),
    address: uniswap.positionManager,
  };
  await call(lane, manager, "mint", [
    {
      token0,
      token1,
      fee,
      tickLower,
      tickUpper,
      amount0Desired: 10n ** 23n,
      amount1Desired: 10n ** 23n,
      amount0Min: 0n,
      amount1Min: 0n,
      recipient: lane.address,
      deadline: NEVER,
    },
  ]);
  await lane.flush();
}

async function openSite(): Promise<Site> {
  const chain = { name: "quotes", chainId: CHAIN_ID, forkUrl: null, startsAtSeconds: null };
  const { rpcUrl: url } = await startAnvil(supervisor, { ...chain, cacheDir: folder });
  const account = worldKeys(5).account("deployer");
  await rpc(url, "anvil_setBalance", [account.address, "0xffffffffffffffffffff"]);
  const lane = openLane(chainClient(url, CHAIN_ID), account, 10);
  const uniswap = await deployUniswap(lane, account.address);
  const token = async () => {
    const artifact = own("LocalToken");
    const address = await create(lane, artifact, ["Test", "TST", 18, account.address]);
    await call(lane, { artifact, address }, "mint", [account.address, PLENTY]);
    for (const spender of [uniswap.positionManager, uniswap.swapRouter]) {
      await call(lane, { artifact, address }, "approve", [spender, 2n ** 256n - 1n]);
    }
    return address;
  };
  const made = [await token(), await token()].sort((one, other) =>
    BigInt(one) < BigInt(other) ? -1 : 1,
  );
  const tokens = made as [Address, Address];
  const lens = await create(lane, own("ShardLens"));
  await lane.flush();
  for (const { fee, spacing, positions } of POOLS) {
    const manager = {
      artifact: thirdParty("NonfungiblePositionManager"),
      address: uniswap.positionManager,
    };
    await call(lane, manager, "createAndInitializePoolIfNecessary", [...tokens, fee, Q96]);
    for (const [lower, upper] of positions) {
      await mint({ lane, uniswap, tokens }, fee, [lower * spacing, upper * spacing]);
    }
  }
  const pools = await Promise.all(POOLS.map(({ fee }) => poolOf(url, uniswap, tokens, fee)));
  const contracts = {
    lens,
    quoterV2: uniswap.quoterV2,
    vault: lens,
    optionBook: lens,
    volatilityFeed: lens,
    uniswapAdapter: lens,
  };
  const reads = lensReads(rpcClient([url]), { contracts, pools, sender: account.address });
  return { url, lane, uniswap, lens: reads, tokens, pools };
}

const factoryAbi = parseAbi(["function getPool(address, address, uint24) view returns (address)"]);

async function poolOf(
  url: string,
  { uniswapFactory: to }: Uniswap,
  tokens: Site["tokens"],
  fee: number,
): Promise<Address> {
  const call_ = {
    abi: factoryAbi,
    to,
    name: "getPool",
    args: [...tokens, fee],
    at: "latest",
  } as const;
  return (await callView(rpcClient([url]), call_)) as Address;
}
