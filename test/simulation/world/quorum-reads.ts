import { hexToNumber, numberToHex } from "viem";
import type { RpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import { quorumClient } from "#shard-agent/adapters/rpc/quorum-client.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { Scheduler } from "#test/simulation/engine/scheduler.ts";
import { type Liar, textOf } from "#test/simulation/world/byzantine.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";
import {
  eventsIn,
  headerIn,
  type MoneyReads,
  type ReadSubject,
  receiptIn,
  type SimReceipt,
} from "#test/simulation/world/money-reads.ts";
import type { NodeView, Rpc } from "#test/simulation/world/rpc.ts";

/** One of several endpoints; a liar now and then says what is not so. */
export type Endpoint = { readonly name: string; readonly rpc: Rpc; readonly liar: Liar | null };

export type QuorumReadsOptions = {
  readonly chain: SimChain;
  readonly endpoints: readonly Endpoint[];
  readonly quorum: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly scheduler: Scheduler;
};

type Pinned = {
  readonly subject: ReadSubject;
  readonly perform: (view: NodeView) => unknown;
  /** What the answers' texts stand for. */
  readonly values: Map<string, unknown>;
};
type RawHeader = Omit<BlockHeader, "number"> & { readonly number: Hex };
type RawEvent = { readonly blockHash: Hex; readonly logIndex: Hex };
type RawReceipt = { readonly told: SimReceipt };

/** What is known of the answers of nodes, which the quorum client compares by their text. */
type Questions = {
  readonly chain: SimChain;
  readonly pinned: Map<number, Pinned>;
};

const HEAD_LAG_MAX_BLOCKS = 3;
/** Slower endpoints answer within this, or not at all. */
const ASKED_MS = 10_000;

/**
 * Several endpoints behind the agent's own quorum client: it sees JSON-RPC methods, and answers that compare as those of
 * real nodes do. What an answer stands for is looked up by its text.
 */
export function quorumReads(o: QuorumReadsOptions): MoneyReads {
  const { chain, endpoints, scheduler } = o;
  const questions: Questions = { chain, pinned: new Map() };
  const client = clientOf(o, questions);
  let asked = 0;
  return {
    disagreement: client.disagreement,
    lagging: client.lagging,
    ...failover(chain, endpoints),
    header: async (at) => {
      const tag = typeof at === "number" ? numberToHex(at) : at;
      const raw = (await client.request("eth_getBlockByNumber", [tag, false])) as RawHeader | null;
      return raw === null ? null : { ...raw, number: hexToNumber(raw.number) };
    },
    at: async <T>(hash: Hex, subject: ReadSubject, perform: (view: NodeView) => T) => {
      asked += 1;
      const id = asked;
      const values = new Map<string, unknown>();
      questions.pinned.set(id, { subject, perform, values });
      scheduler.after(ASKED_MS, () => void questions.pinned.delete(id));
      const text = await client.request("eth_call", [{ read: id }, { blockHash: hash }]);
      return values.get(String(text)) as T;
    },
    events: async ({ from, to }) => {
      const range = { fromBlock: numberToHex(Math.max(0, from)), toBlock: numberToHex(to) };
      const logs = (await client.request("eth_getLogs", [range])) as RawEvent[];
      return logs.flatMap(({ blockHash, logIndex }) => {
        const block = chain.byHash(blockHash);
        const event = block?.events[hexToNumber(logIndex)];
        return block === undefined || event === undefined ? [] : [{ block, event }];
      });
    },
    receipt: async (hash) => {
      const raw = (await client.request("eth_getTransactionReceipt", [hash])) as RawReceipt | null;
      return raw?.told ?? null;
    },
  };
}

function clientOf(o: QuorumReadsOptions, questions: Questions): ReturnType<typeof quorumClient> {
  const { quorum, clock, log, scheduler } = o;
  const nodes = o.endpoints.map((one) => ({ name: one.name, rpc: nodeClient(one, questions) }));
  const nobody = () => Promise.reject(new RetryableError("rpc-unreachable", "not asked here"));
  return quorumClient({
    nodes,
    quorum,
    // What is no money read does not come this way.
    failover: { ask: nobody, request: nobody },
    headLagMaxBlocks: HEAD_LAG_MAX_BLOCKS,
    clock,
    log,
    after: (delayMs, run) => {
      scheduler.after(delayMs, run);
      return () => undefined;
    },
  });
}

/** One endpoint as a JSON-RPC client; without an answer it is not reachable. */
function nodeClient(endpoint: Endpoint, questions: Questions): RpcClient {
  const ask: RpcClient["ask"] = (method, params) =>
    endpoint.rpc.read((view) => answerOf(endpoint, questions, view, { method, params }));
  const request = () => Promise.reject(new RetryableError("rpc-failed", "answers are asked for"));
  return { ask, request };
}

type Request = { readonly method: string; readonly params: readonly unknown[] };

function answerOf(
  { liar }: Endpoint,
  { chain, pinned }: Questions,
  view: NodeView,
  { method, params }: Request,
): RpcAnswer {
  const [first, last] = params;
  if (method === "eth_getBlockByNumber") {
    const tag = String(first);
    const at = tag === "latest" || tag === "finalized" ? tag : hexToNumber(tag as Hex);
    const truth = headerIn(view, at);
    const header = liar === null ? truth : liar.header(truth, view, tag);
    return ok(header === null ? null : { ...header, number: numberToHex(header.number) });
  }
  if (method === "eth_getLogs") {
    const { fromBlock, toBlock } = first as { fromBlock: Hex; toBlock: Hex };
    const truth = eventsIn(view, { from: hexToNumber(fromBlock), to: hexToNumber(toBlock) });
    const events = liar === null ? truth : liar.events(truth);
    return ok(
      events.map(({ block, event }) => ({
        blockHash: block.header.hash,
        logIndex: numberToHex(block.events.indexOf(event)),
      })),
    );
  }
  if (method === "eth_getTransactionReceipt") {
    const truth = receiptIn(view, chain, first as Hex);
    const told = liar === null ? truth : liar.receipt(truth);
    return ok(told === null ? null : rawReceipt(told));
  }
  const read = pinned.get((first as { read: number }).read);
  const { blockHash } = last as { blockHash: Hex };
  if (read === undefined || view.byHash(blockHash) === undefined) return headerNotFound();
  const value = liar === null ? read.perform(view) : liar.state(read.subject, view, read.perform);
  const text = `answer ${textOf(value)}`;
  read.values.set(text, value);
  return ok(text);
}

function ok(result: unknown): RpcAnswer {
  return { ok: true, result };
}

/** As a node answers that has not got the block. */
function headerNotFound(): RpcAnswer {
  return { ok: false, failure: { code: -32_000, message: "header not found", data: null } };
}

function rawReceipt(told: SimReceipt) {
  return {
    transactionHash: told.transactionHash,
    blockHash: told.blockHash,
    blockNumber: numberToHex(told.blockNumber),
    status: told.succeeded ? "0x1" : "0x0",
    gasUsed: numberToHex(told.gasCostWei),
    logs: [],
    told,
  };
}

/** As rpcClient over a list: the endpoint that answered last, and the next one when it does not answer. */
function failover(
  chain: SimChain,
  endpoints: readonly Endpoint[],
): Pick<MoneyReads, "read" | "submit"> {
  let preferred = 0;
  const first = async <T>(run: (endpoint: Endpoint) => Promise<T>): Promise<T> => {
    let last: unknown;
    for (let attempt = 0; attempt < endpoints.length; attempt += 1) {
      const index = (preferred + attempt) % endpoints.length;
      const endpoint = endpoints[index];
      try {
        if (endpoint === undefined) continue;
        const value = await run(endpoint);
        preferred = index;
        return value;
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        last = error;
      }
    }
    throw last;
  };
  return {
    read: (perform) => first((endpoint) => endpoint.rpc.read(perform)),
    submit: (transaction) =>
      first(({ rpc, liar }) =>
        rpc.read(() => (liar?.swallows() === true ? "taken" : chain.submit(transaction))),
      ),
  };
}
