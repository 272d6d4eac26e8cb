import {
  type Address,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  hexToBigInt,
  parseAbi,
} from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { FeedReader, PositionReader, VaultReader } from "#shard-agent/ports/chain.ts";
import type { FeedPrice } from "#shard-agent/records/shard-snapshot.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { seriesIdOf } from "#shared/evm/mandate-typed-data.ts";

const feedAbi = parseAbi([
  "function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
  "function getRoundData(uint80 id) view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
]);

/** {@link VaultReader} by block hash. */
export function viemVaultReader(
  rpc: RpcClient,
  o: { readonly vault: Address; readonly sender: Address },
): VaultReader {
  return {
    state: async (jobId, { hash }) => {
      const at = { blockHash: hash };
      const view = (name: "epoch" | "leader" | "consumed", args: readonly unknown[]) =>
        callView(rpc, { abi: shardVaultAbi, to: o.vault, name, args, at });
      const [epoch, leader, consumed] = await Promise.all([
        view("epoch", []),
        view("leader", []),
        view("consumed", [jobId]),
      ]);
      return { epoch: Number(epoch), leader: leader as Address, consumed: consumed === true };
    },
    senderBalanceWei: async ({ hash: blockHash }) =>
      hexToBigInt((await rpc.request("eth_getBalance", [o.sender, { blockHash }])) as Hex),
  };
}

/** {@link PositionReader} of one option book. */
export function viemPositionReader(
  rpc: RpcClient,
  o: { readonly optionBook: Address },
): PositionReader {
  return {
    seriesId: seriesIdOf,
    takerLongE18: async (seriesId, taker) => {
      const call = {
        abi: optionBookAbi,
        to: o.optionBook,
        name: "longOf",
        args: [seriesId, taker],
        at: "latest",
      } as const;
      return (await callView(rpc, call)) as bigint;
    },
  };
}

type Round = readonly [
  roundId: bigint,
  answer: bigint,
  startedAt: bigint,
  updatedAt: bigint,
  answeredInRound: bigint,
];

/** {@link FeedReader} of Chainlink-shaped feeds. */
export function viemFeedReader(rpc: RpcClient): FeedReader {
  return {
    latest: async (feed) => {
      const call = {
        abi: feedAbi,
        to: feed,
        name: "latestRoundData",
        args: [],
        at: "latest",
      } as const;
      return feedPrice((await callView(rpc, call)) as Round);
    },
    round: async (feed, roundId) => {
      const data = encodeFunctionData({
        abi: feedAbi,
        functionName: "getRoundData",
        args: [roundId],
      });
      const answer = await rpc.ask("eth_call", [{ to: feed, data }, "latest"]);
      // Feeds revert, or answer zeros, for a round they do not have.
      if (!answer.ok) return null;
      const price = feedPrice(
        decodeFunctionResult({
          abi: feedAbi,
          functionName: "getRoundData",
          data: answer.result as Hex,
        }),
      );
      return price.updatedAtMs === 0 ? null : price;
    },
  };
}

function feedPrice(round: Round): FeedPrice {
  return { roundId: round[0], priceE8: round[1], updatedAtMs: Number(round[3]) * 1000 };
}
