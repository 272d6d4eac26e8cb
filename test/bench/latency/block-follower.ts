import { setTimeout as sleep } from "node:timers/promises";
import type { Hex, PublicClient } from "viem";
import type { BlockMiner } from "#test/bench/latency/block-miner.ts";

/** A viem client that hears of blocks by itself, as viem's `watchBlocks` tells of them. */
export type BlockFollower = {
  /** Once the client's own handler was called for a block. */
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
  let last: Hex | null = null;
  let tell: (() => void) | undefined;
  const stop = client.watchBlocks({
    onBlock: ({ hash }) => {
      last = hash;
      tell?.();
    },
    onError: (error) => {
      throw error;
    },
  });
  // viem does not say when it is subscribed: the first block it tells of does.
  while (last === null) {
    miner.mine();
    await sleep(SUBSCRIBED_POLL_MS);
  }
  return {
    saw: async (hash) => {
      while (last !== hash) {
        const { promise, resolve } = Promise.withResolvers<void>();
        tell = resolve;
        await promise;
      }
    },
    stop,
  };
}
