import { setTimeout as sleep } from "node:timers/promises";
import type { Hex, PublicClient } from "viem";
import type { BlockMiner } from "#test/bench/latency/block-miner.ts";

/** A viem client that hears of blocks by itself, as viem's `watchBlocks` tells of them. */
export type BlockFollower = {
  /** Once the client's own handler was called for a block. Rejects, also ever after, when the client heard no more. */
  readonly saw: (hash: Hex) => Promise<void>;
  readonly stop: () => void;
};

const SUBSCRIBED_POLL_MS = 200;

/**
 * Has a client follow the blocks over the connection it reads over, as programs written with viem do. Its announcements and
 * its answers then share one TCP stream, and the small ones of them wait for each other's acknowledgements.
 */
export async function followBlocks(
  client: PublicClient,
  miner: BlockMiner,
): Promise<BlockFollower> {
  const heard = hearing();
  const stop = client.watchBlocks({
    // viem calls with nothing when it cannot read the block that was announced.
    onBlock: (block: { readonly hash: Hex } | undefined) =>
      block === undefined
        ? heard.fail(new Error("watchBlocks told of no block"))
        : heard.note(block.hash),
    onError: (cause) => heard.fail(new Error("watchBlocks failed", { cause })),
  });
  // viem does not say when it is subscribed: the first block it tells of does.
  while (heard.last() === null) {
    miner.mine();
    await sleep(SUBSCRIBED_POLL_MS);
  }
  return {
    saw: async (hash) => {
      while (heard.last() !== hash) await heard.next();
    },
    stop,
  };
}

/** What was heard last. viem calls from within its own callbacks, where a thrown error would reach nobody. */
function hearing() {
  let last: Hex | null = null;
  let failure: Error | null = null;
  let news = Promise.withResolvers<void>();
  const tell = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };
  return {
    note: (hash: Hex): void => {
      last = hash;
      tell();
    },
    fail: (error: Error): void => {
      failure ??= error;
      tell();
    },
    last: (): Hex | null => {
      if (failure !== null) throw failure;
      return last;
    },
    next: (): Promise<void> => news.promise,
  };
}
