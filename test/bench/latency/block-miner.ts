import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Has a node mine blocks. */
export type BlockMiner = {
  /** Asks for one now. Nothing is answered: the block's event tells. */
  readonly mine: () => void;
  /** Rejects when a block could not be mined. */
  readonly failed: Promise<never>;
  readonly close: () => Promise<unknown>;
};

/**
 * Mines from another thread. An agent has nobody mine; where it asks for a block over HTTP itself, the answer comes amid
 * the report that is measured, and taking it in takes as long as a third of that.
 */
export async function blockMiner(rpcUrl: string): Promise<BlockMiner> {
  const thread = new Worker(new URL("./mining-thread.ts", import.meta.url), {
    workerData: { rpcUrl },
  });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  thread.on("error", reject);
  await once(thread, "message");
  return {
    mine: () => thread.postMessage("mine"),
    failed,
    close: () => thread.terminate(),
  };
}
