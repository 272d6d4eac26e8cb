import { join } from "node:path";
import { encodeFunctionData, erc20Abi, maxUint256 } from "viem";
import { type AgentConfig, agentConfigSchema } from "#shard-agent/config.ts";
import { bookDomain, OPTION_QUOTE_TYPES } from "#shared/evm/option-quote-typed-data.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { type BlockMiner, blockMiner } from "#test/bench/latency/block-miner.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import { BOOK_POLICY } from "#test/local/deploy/world-parameters.ts";
import { pushPrice, setSlices } from "#test/local/market/feed-writer.ts";
import { surfaceSlices } from "#test/local/market/surface.ts";
import { startWorld, type World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";

/** One shard of a world with nothing running but chains and Redis, and a book of many series. */
export type LatencySite = {
  readonly world: World;
  readonly chain: WorldChain;
  readonly config: AgentConfig;
  /** Mines blocks when asked; none comes by itself. */
  readonly miner: BlockMiner;
  /** Puts a new price of the first underlying into the next block. */
  readonly movePrice: () => Promise<unknown>;
  /** Whether every transaction gets a block of its own at once. */
  readonly mineEach: (isOn: boolean) => Promise<unknown>;
};

const POLL_MS = 20;
const GAS = 12_000_000n;
const DAY_MS = 86_400_000;
const EXPIRY_DAYS = [7, 30, 90, 180];
const SPOT_USD = 3_000;
const VOLATILITY = 0.6;
const QUANTITY_E18 = 10n ** 16n;
const STRIKE_FIRST_USD = 2_400;
const STRIKE_STEP_USD = 50;

/**
 * Real contracts on a real chain, the shard's book filled with series by as many trades.
 *
 * @param series Of one underlying, over four expiries, calls and puts by turns.
 */
export async function openLatencySite(series: number): Promise<LatencySite> {
  const idle = { coordinator: false, agents: false, lzWorker: false, market: false, takers: false };
  const world = await startWorld({ chains: 2, seed: 31, processes: idle });
  try {
    const [chain] = world.description.chains;
    if (chain === undefined) throw new Error("the world has no chain");
    await rpc(chain.rpcUrl, "evm_setIntervalMining", [0]);
    const mineEach = (isOn: boolean) => rpc(chain.rpcUrl, "evm_setAutomine", [isOn]);
    await mineEach(true);
    await fillBook(world, chain, series);
    await mineEach(false);
    const file = join(world.description.dataDir, `agent-${chain.shard}.yaml`);
    const config = loadConfigFile(agentConfigSchema, file);
    const miner = await blockMiner(chain.rpcUrl);
    return { world, chain, config, miner, movePrice: priceMover(world, chain), mineEach };
  } catch (error) {
    await world.stop();
    throw error;
  }
}

/** Up by a cent each time, for some hundred blocks: a price that was there before is not a new one. */
function priceMover(world: Pick<World, "keys">, chain: WorldChain): () => Promise<unknown> {
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const market = openLane(client, world.keys.account("market"), POLL_MS);
  const [first] = chain.underlyings;
  if (first === undefined) throw new Error("the shard has no underlying");
  let moves = 0;
  return () => {
    moves += 1;
    return pushPrice(market, first.feed, SPOT_USD + (moves % 1_000) / 100);
  };
}

async function fillBook(world: World, chain: WorldChain, series: number): Promise<void> {
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const laneOf = (name: string): Lane => openLane(client, world.keys.account(name), POLL_MS);
  const [market, admin, user] = [laneOf("market"), laneOf("deployer"), laneOf("user")];
  const { optionBook, volatilityFeed } = chain.contracts;
  const [ether] = chain.underlyings;
  if (ether === undefined) throw new Error("the shard has no underlying");
  const expiriesMs = EXPIRY_DAYS.map((days) => world.description.startedAtMs + days * DAY_MS);
  for (const { token, feed } of chain.underlyings) {
    await pushPrice(market, feed, SPOT_USD);
    const slices = surfaceSlices(VOLATILITY, expiriesMs, Date.now());
    await setSlices(market, volatilityFeed, { underlying: token, slices });
  }
  const policy = { ...BOOK_POLICY, liveSeriesCap: series };
  const raise = encodeCall(own("OptionBook"), "setPolicy", [policy]);
  await admin.send({ label: "more series", to: optionBook, data: raise, gas: GAS });
  const { token } = chain.settlement;
  const approve = encodeFunctionData({
    abi: erc20Abi,
    functionName: "approve",
    args: [optionBook, maxUint256],
  });
  await user.send({ label: "approve", to: token, data: approve, gas: GAS });
  const quoter = world.keys.account(`quoter-${chain.shard}`);
  for (let index = 0; index < series; index += 1) {
    const expiryMs = expiriesMs[index % expiriesMs.length] ?? 0;
    const quote = quoteOf(index, { taker: user.address, underlying: ether.token, expiryMs });
    const signature = await quoter.signTypedData({
      domain: bookDomain(chain.chainId, optionBook),
      types: OPTION_QUOTE_TYPES,
      primaryType: "OptionQuote",
      message: quote,
    });
    const data = encodeCall(own("OptionBook"), "trade", [quote, signature]);
    await user.stage({ label: `series ${index}`, to: optionBook, data, gas: GAS });
  }
  await user.flush();
}

/** A call or put the vault sells a hundredth of, for more than it is worth. */
function quoteOf(
  index: number,
  o: {
    readonly taker: `0x${string}`;
    readonly underlying: `0x${string}`;
    readonly expiryMs: number;
  },
) {
  const strikeUsd = STRIKE_FIRST_USD + STRIKE_STEP_USD * Math.floor(index / 8);
  return {
    taker: o.taker,
    underlying: o.underlying,
    isCall: Math.floor(index / 4) % 2 === 0,
    vaultSells: true,
    expiry: BigInt(Math.floor(o.expiryMs / 1000)),
    strike: BigInt(strikeUsd) * 10n ** 8n,
    quantity: QUANTITY_E18,
    premium: 20n * 10n ** 6n,
    spotMin: 0n,
    spotMax: 2n ** 127n,
    nonce: BigInt(index + 1),
    deadline: BigInt(Math.floor(Date.now() / 1000) + 600),
  };
}
