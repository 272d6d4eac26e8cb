import { setTimeout as sleep } from "node:timers/promises";
import { encodeFunctionData, erc20Abi, maxUint256, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { RetryableError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import type { Leg } from "#test/local/takers/intents.ts";
import { requestQuote, type SignedQuote } from "#test/local/takers/quote-client.ts";
import type { WorldChain } from "#test/local/world-description.ts";

/** The takers of one shard. */
export type TakerDesk = {
  /** Lets the shard's option book take what takers pay and lock. */
  readonly prepare: () => Promise<void>;
  /** Trades a leg; false when no try succeeded before `untilMs`. */
  readonly fill: (
    leg: Leg,
    o: { readonly quantity: number; readonly untilMs: number },
  ) => Promise<boolean>;
  /** Pays out a settled series to every taker that has a position in it. @throws {RetryableError} If it is not settled. */
  readonly claim: (seriesId: Hex) => Promise<void>;
};

export type DeskOptions = {
  readonly chain: WorldChain;
  readonly takerKeys: readonly Hex[];
  readonly expiriesMs: readonly number[];
  readonly log: (event: string, fields: Record<string, unknown>) => void;
};

const POLL_MS = 150;
const TRADE_GAS = 1_500_000n;
const RETRY_MS = 1_500;

export function takerDesk(options: DeskOptions): TakerDesk {
  const { chain, log } = options;
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const book = chain.contracts.optionBook;
  const lanes = options.takerKeys.map((key) => openLane(client, privateKeyToAccount(key), POLL_MS));
  const laneOf = (index: number): Lane => {
    const lane = lanes[index];
    if (lane === undefined) throw new RangeError(`taker ${index}: there are ${lanes.length}`);
    return lane;
  };
  const tryOnce = async (leg: Leg, quantity: number): Promise<string | null> => {
    const lane = laneOf(leg.taker);
    const expiryMs = options.expiriesMs[leg.series.expiryIndex];
    if (expiryMs === undefined) return "no-such-expiry";
    const { side, series } = leg;
    const answer = await requestQuote(chain.quotesUrl, {
      taker: lane.address,
      side,
      series,
      expiryMs,
      quantity,
    });
    if (!answer.quoted) return `${answer.code} ${answer.detail}`;
    try {
      await lane.send({
        label: "option trade",
        to: book,
        data: encodeCall(own("OptionBook"), "trade", [
          quoteStruct(answer.quote),
          answer.quote.signature,
        ]),
        gas: TRADE_GAS,
      });
      return null;
    } catch (error) {
      return String(error);
    }
  };
  return {
    prepare: async () => {
      const data = encodeFunctionData({
        abi: erc20Abi,
        functionName: "approve",
        args: [book, maxUint256],
      });
      await Promise.all(
        lanes.map((lane) =>
          lane.send({ label: "approve the book", to: chain.settlement.token, data, gas: 100_000n }),
        ),
      );
    },
    fill: async (leg, { quantity, untilMs }) => {
      for (let attempt = 1; ; attempt++) {
        const problem = await tryOnce(leg, quantity);
        const what = { shard: chain.shard, ...leg.series, side: leg.side, quantity, attempt };
        log(
          problem === null ? "traded" : "not-traded",
          problem === null ? what : { ...what, problem },
        );
        if (problem === null) return true;
        if (Date.now() + RETRY_MS > untilMs) return false;
        await sleep(RETRY_MS);
      }
    },
    claim: (seriesId) => claimAll({ client, book, lanes }, seriesId),
  };
}

type Claimants = {
  readonly client: PublicClient;
  readonly book: Address;
  readonly lanes: readonly Lane[];
};

async function claimAll({ client, book, lanes }: Claimants, seriesId: Hex): Promise<void> {
  const { abi } = own("OptionBook");
  const read = (functionName: string, args: readonly unknown[]) =>
    client.readContract({ address: book, abi, functionName, args: [...args] });
  const series = (await read("series", [seriesId])) as { readonly settled: boolean };
  if (!series.settled) throw new RetryableError("world-claim", `${seriesId}: not settled yet`);
  for (const lane of lanes) {
    const held = [
      await read("longOf", [seriesId, lane.address]),
      await read("shortOf", [seriesId, lane.address]),
    ];
    if (held.every((quantity) => quantity === 0n)) continue;
    const data = encodeCall(own("OptionBook"), "claim", [seriesId, lane.address]);
    await lane.send({ label: "claim", to: book, data, gas: 300_000n });
  }
}

function quoteStruct({ quote }: SignedQuote) {
  return {
    ...quote,
    expiry: BigInt(quote.expiry),
    strike: BigInt(quote.strike),
    quantity: BigInt(quote.quantity),
    premium: BigInt(quote.premium),
    nonce: BigInt(quote.nonce),
    deadline: BigInt(quote.deadline),
  };
}
