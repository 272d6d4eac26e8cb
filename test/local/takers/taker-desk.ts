import { setTimeout as sleep } from "node:timers/promises";
import { encodeFunctionData, erc20Abi, maxUint256, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { RetryableError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { encodeCall, own } from "#test/local/chains/artifacts.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import type { Leg } from "#test/local/takers/intents.ts";
import {
  type QuoteAnswer,
  requestQuote,
  type SignedQuote,
} from "#test/local/takers/quote-client.ts";
import type { WorldChain } from "#test/local/world-description.ts";

/** The takers of one shard. */
export type TakerDesk = {
  /** Lets the shard's option book take what takers pay and lock. */
  readonly prepare: () => Promise<void>;
  /** Asks for a price without trading. */
  readonly quote: (leg: Leg, quantity: number) => Promise<QuoteAnswer>;
  /** Trades a leg, first on `firstAnswer` if given; false when no try succeeded before `untilMs`. */
  readonly fill: (leg: Leg, order: Order) => Promise<boolean>;
  /** Pays out a settled series to every taker that has a position in it. @throws {RetryableError} If it is not settled. */
  readonly claim: (seriesId: Hex) => Promise<void>;
};

/** How much of a leg to trade, and for how long to try. */
export type Order = {
  readonly quantity: number;
  readonly untilMs: number;
  readonly firstAnswer?: QuoteAnswer | undefined;
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
  const quote = async (leg: Leg, quantity: number): Promise<QuoteAnswer> => {
    const expiryMs = options.expiriesMs[leg.series.expiryIndex];
    if (expiryMs === undefined) return { quoted: false, code: "no-such-expiry", detail: "" };
    const { side, series } = leg;
    const taker = laneOf(leg.taker).address;
    return requestQuote(chain.quotesUrl, { taker, side, series, expiryMs, quantity });
  };
  const trade = async (leg: Leg, answer: QuoteAnswer): Promise<string | null> => {
    if (!answer.quoted) return `${answer.code} ${answer.detail}`;
    const args = [quoteStruct(answer.quote), answer.quote.signature];
    const data = encodeCall(own("OptionBook"), "trade", args);
    try {
      await laneOf(leg.taker).send({ label: "option trade", to: book, data, gas: TRADE_GAS });
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
    quote,
    fill: async (leg, { quantity, untilMs, firstAnswer }) => {
      for (let attempt = 1; ; attempt++) {
        const isFirst = attempt === 1 && firstAnswer !== undefined;
        const problem = await trade(leg, isFirst ? firstAnswer : await quote(leg, quantity));
        const what = { shard: chain.shard, ...leg.series, side: leg.side, quantity, attempt };
        if (problem === null) log("traded", what);
        else log("not-traded", { ...what, problem });
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
    spotMin: BigInt(quote.spotMin),
    spotMax: BigInt(quote.spotMax),
    nonce: BigInt(quote.nonce),
    deadline: BigInt(quote.deadline),
  };
}
