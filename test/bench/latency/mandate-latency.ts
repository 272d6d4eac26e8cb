import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { alone, type BenchRow, median } from "#test/bench/compare.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { adminApiClient, type JobAnswer } from "#test/local/observe/admin-api.ts";
import { untilReady } from "#test/local/run-world.ts";
import { startWorld } from "#test/local/world.ts";

const JOBS_MAX = 500;

/** What nodes announced, by this process's clock in ms. */
type Seen = {
  /** When a block's hash was announced. */
  readonly blocks: Map<string, number>;
  /** When a transaction came into a node's pool, with its call data. */
  readonly broadcasts: { readonly input: string; readonly atMs: number }[];
};

/**
 * From the event of the oldest block a plan knows of to the mandate's transaction in its chain's pool: report,
 * coordinator's pass, journal, queue, agent's checks and journal, broadcast. Real processes in a local world with market
 * and takers, one block a second, so most of it is the wait for the shards' blocks and the coordinator's timer.
 *
 * @param runMs How long the world runs once the coordinator is ready.
 */
export async function mandateLatencyRows(runMs: number): Promise<BenchRow[]> {
  const world = await startWorld({ chains: 2, seed: 37 });
  const seen: Seen = { blocks: new Map(), broadcasts: [] };
  const sockets = world.description.chains.map(({ rpcUrl }) => watch(rpcUrl, seen));
  try {
    await untilReady(world);
    await sleep(runMs);
    const jobs = await adminApiClient(world.description.adminApi).jobs(JOBS_MAX);
    const timesMs = jobs.flatMap((job) => timeOf(job, seen) ?? []);
    const name = "oldest block event of the plan's reports to mandate broadcast, world of 2 chains";
    const worstMs = Math.max(0, ...timesMs);
    const note = `p50 of ${timesMs.length} jobs; longest ${worstMs.toFixed(0)} ms`;
    return [alone(name, median(timesMs) * 1000, note)];
  } finally {
    for (const socket of sockets) socket.close();
    await world.stop();
  }
}

/** Null when the block or the transaction was not seen. */
function timeOf({ jobId, reportSet }: JobAnswer, { blocks, broadcasts }: Seen): number | null {
  const events = reportSet.map(({ blockHash }) => blocks.get(blockHash.toLowerCase()));
  const sent = broadcasts.find(({ input }) => input.includes(jobId.slice(2).toLowerCase()));
  if (sent === undefined || events.length === 0) return null;
  const oldestMs = Math.min(...events.map((atMs) => atMs ?? Number.NaN));
  return Number.isNaN(oldestMs) ? null : sent.atMs - oldestMs;
}

type Notice = { readonly params?: { readonly result: Hex | { readonly hash: Hex } } };

/** Notes the heads and pending transactions of one node. */
function watch(rpcUrl: string, seen: Seen): WebSocket {
  const socket = new WebSocket(rpcUrl.replace(/^http/, "ws"));
  socket.onopen = () => {
    for (const [index, topic] of ["newHeads", "newPendingTransactions"].entries()) {
      const call = { jsonrpc: "2.0", id: index, method: "eth_subscribe", params: [topic] };
      socket.send(JSON.stringify(call));
    }
  };
  socket.onmessage = ({ data }) => {
    const atMs = performance.now();
    const result = (JSON.parse(String(data)) as Notice).params?.result;
    if (typeof result === "object") seen.blocks.set(result.hash.toLowerCase(), atMs);
    if (typeof result === "string") {
      void rpc(rpcUrl, "eth_getTransactionByHash", [result]).then((found) => {
        const transaction = found as { readonly input: Hex } | null;
        if (transaction !== null) seen.broadcasts.push({ input: transaction.input, atMs });
      });
    }
  };
  return socket;
}
