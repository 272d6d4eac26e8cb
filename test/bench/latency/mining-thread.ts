import { parentPort, workerData } from "node:worker_threads";
import { rpc } from "#test/local/chains/anvil.ts";

/** Thread of block-miner.ts: mines one block per message, one after the other; a failure ends it. */
const { rpcUrl } = workerData as { readonly rpcUrl: string };
let last: Promise<unknown> = Promise.resolve();
parentPort?.on("message", () => {
  last = last.then(() => rpc(rpcUrl, "evm_mine"));
});
parentPort?.postMessage("ready");
