import { hexToNumber, numberToHex } from "viem";
import type { RpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import {
  type Header,
  hashOf,
  headerKey,
  headerOf,
  logsKey,
  receiptKey,
  saidLogs,
} from "#shard-agent/adapters/rpc/rpc-answers.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import {
  type Election,
  exactKey,
  hold,
  type RpcNode,
  readKey,
  type Vote,
} from "#shard-agent/adapters/rpc/rpc-vote.ts";
import type { Disagreement, ReadWatch } from "#shard-agent/ports/read-watch.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

/** A contradiction stops money decisions until none was seen for this long. */
const DISAGREEMENT_HOLD_MS = 60_000;
/** How long a head waits for slower endpoints once a quorum has answered. */
const HEAD_GRACE_MS = 100;

export type QuorumOptions = {
  readonly nodes: readonly RpcNode[];
  /** How many endpoints must give the same answer. */
  readonly quorum: number;
  /** Answers what is no money read: simulations, fees, broadcasts. */
  readonly failover: RpcClient;
  readonly headLagMaxBlocks: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs something after a time, unless what it gives back is called first; by the machine's timers when left out. */
  readonly after?: RunAfter;
};

type RunAfter = (delayMs: number, run: () => void) => () => void;

/**
 * An {@link RpcClient} that believes a money read only when a quorum of endpoints gives the same answer:
 * state at a block hash, headers, events, receipts. Reads at a hash have one true answer, so whoever
 * differs lies or is broken: that is remembered as a {@link Disagreement}. The newest head is the
 * highest that a quorum has reached; an endpoint on another fork, or behind, has no vote.
 *
 * Throws RetryableError `rpc-quorum` when too few endpoints answer alike.
 */
export function quorumClient(o: QuorumOptions): RpcClient & ReadWatch {
  const watch = readWatch(o);
  const ask = (method: string, params: readonly unknown[]): Promise<RpcAnswer> => {
    const request = { method, params };
    if (method === "eth_getBlockByNumber") {
      const [tag] = params;
      if (tag === "latest" || tag === "finalized") return askNewest(o, watch, tag);
      return elect(o, request, { keyOf: headerKey, accuse: nobody });
    }
    if (method === "eth_getBlockByHash")
      return elect(o, request, { keyOf: headerKey, accuse: nobody });
    if (isPinned(params)) return elect(o, request, { keyOf: exactKey, accuse: watch.accuse });
    if (method === "eth_getLogs") return askLogs(o, watch, params);
    if (method === "eth_getTransactionReceipt")
      return elect(o, request, { keyOf: receiptKey, accuse: nobody });
    return o.failover.ask(method, params);
  };
  const request = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const answer = await ask(method, params);
    if (answer.ok) return answer.result;
    const { message, code } = answer.failure;
    throw new RetryableError("rpc-failed", `${method}: ${message} (code ${code})`);
  };
  return { ask, request, disagreement: watch.disagreement, lagging: watch.lagging };
}

type Watch = ReadWatch & {
  readonly accuse: (what: string, votes: readonly Vote[], winner: Vote | null) => void;
  readonly heads: (heads: readonly { name: string; number: number }[], chosen: number) => void;
};

function readWatch({ clock, log, headLagMaxBlocks }: QuorumOptions): Watch {
  let last: Disagreement | null = null;
  let lagging: readonly string[] = [];
  const current = () =>
    last !== null && clock.nowMs() - last.atMs < DISAGREEMENT_HOLD_MS ? last : null;
  const accuse: Watch["accuse"] = (what, votes, winner) => {
    // Whoever said nothing that counts contradicts nobody.
    const said = votes.filter((vote) => vote.key !== null);
    const against = said.filter((vote) => vote.key !== winner?.key);
    if (against.length === 0 || new Set(said.map((vote) => vote.key)).size < 2) return;
    const endpoints = against.map((vote) => vote.node.name);
    const isKnown = current()?.endpoints.join() === endpoints.join();
    last = { endpoints, what, atMs: clock.nowMs() };
    const text = "RPC endpoints contradict each other; no money decision until they agree";
    if (!isKnown) log.error(text, { endpoints, what, outvoted: winner !== null });
  };
  const heads: Watch["heads"] = (all, chosen) => {
    const behind = all.filter((one) => chosen - one.number > headLagMaxBlocks);
    const names = behind.map((one) => one.name);
    if (names.join() !== lagging.join())
      log.warn("RPC endpoints behind the others", { endpoints: names, head: chosen });
    lagging = names;
  };
  return { accuse, heads, disagreement: current, lagging: () => lagging };
}

type Request = { readonly method: string; readonly params: readonly unknown[] };
type Rule = {
  readonly keyOf: (answer: RpcAnswer) => string | null;
  readonly accuse: Watch["accuse"];
  /** Asks one endpoint, when that is more than the request itself. */
  readonly ask?: (node: RpcNode) => Promise<RpcAnswer>;
};

async function elect(o: QuorumOptions, request: Request, rule: Rule): Promise<RpcAnswer> {
  const { method, params } = request;
  const ask = rule.ask ?? ((node: RpcNode) => node.rpc.ask(method, params));
  const election = hold({ nodes: o.nodes, quorum: o.quorum, ask, keyOf: rule.keyOf });
  const winner = await election.winner;
  // The slowest endpoints are judged when they answer; the decision need not wait for them.
  const judged = judge({ election, method, winner }, { ...rule, ask });
  if (winner?.answer) return winner.answer;
  await judged;
  throw noQuorum(o, method, await election.all);
}

/**
 * Accuses whoever differs, and does so again when asked once more: a node that mines a block meanwhile may answer one call
 * at a hash from the next block, while a lie that is told once only was outvoted.
 */
async function judge(
  o: { readonly election: Election; readonly method: string; readonly winner: Vote | null },
  { ask, keyOf, accuse }: Required<Rule>,
): Promise<void> {
  const { method, winner } = o;
  const votes = await o.election.all;
  const differs = (vote: Vote) => vote.key !== null && vote.key !== winner?.key;
  if (accuse === nobody || !votes.some(differs)) return;
  const again = votes.map(async (vote): Promise<Vote> => {
    if (!differs(vote)) return vote;
    const answer = await ask(vote.node).catch(() => vote.answer);
    return { ...vote, answer, key: answer === null ? null : readKey(keyOf, answer) };
  });
  accuse(method, await Promise.all(again), winner);
}

/** The highest header that a quorum of endpoints has reached. */
async function askNewest(
  o: QuorumOptions,
  watch: Watch,
  tag: "latest" | "finalized",
): Promise<RpcAnswer> {
  const headers = new Map<RpcNode, RpcAnswer & { ok: true }>();
  const votes = o.nodes.map(async (node) => {
    const answer = await node.rpc.ask("eth_getBlockByNumber", [tag, false]).catch(() => null);
    if (answer?.ok === true && headerOf(answer) !== null) headers.set(node, answer);
  });
  await inTime(votes, () => headers.size >= o.quorum, o.after ?? byTimer);
  const found = [...headers].map(([node, answer]) => {
    const header = headerOf(answer) as Header;
    const key = headerKey(answer);
    return { name: node.name, node, answer, number: hexToNumber(header.number), key };
  });
  found.sort((one, other) => other.number - one.number);
  const reached = found[o.quorum - 1];
  if (reached === undefined) {
    // No endpoint has a final block yet: that is an answer.
    if (headers.size === 0 && tag === "finalized") return { ok: true, result: null };
    throw noQuorum(o, `newest ${tag} block`, []);
  }
  if (tag === "latest") watch.heads(found, reached.number);
  const same = found.filter((one) => one.number === reached.number);
  const winner = mostCommon(same);
  const isQuorum = same.filter((one) => one.key === winner?.key).length >= o.quorum;
  // Forks at the head are ordinary; of a final block there is only one.
  if (tag === "finalized") watch.accuse("final block", same, isQuorum ? winner : null);
  if (winner !== null && isQuorum) return winner.answer;
  // Whoever is ahead has this block too; what only one says of it may be made up.
  const params = [numberToHex(reached.number), false];
  const request = { method: "eth_getBlockByNumber", params };
  return elect(o, request, { keyOf: headerKey, accuse: nobody });
}

function mostCommon<T extends { readonly key: string | null }>(votes: readonly T[]): T | null {
  const count = (key: string | null) => votes.filter((one) => one.key === key).length;
  const ranked = votes.toSorted((one, other) => count(other.key) - count(one.key));
  const [first] = ranked;
  return first === undefined ? null : first;
}

/** Events of a block or a range of numbers: only an endpoint that has the block, or the quorum's last one, has a vote. */
async function askLogs(
  o: QuorumOptions,
  watch: Watch,
  params: readonly unknown[],
): Promise<RpcAnswer> {
  const [{ toBlock, blockHash }] = params as [{ toBlock?: string; blockHash?: string }];
  const headerCall =
    blockHash === undefined
      ? { method: "eth_getBlockByNumber", params: [toBlock, false] }
      : { method: "eth_getBlockByHash", params: [blockHash, false] };
  const anchor =
    blockHash?.toLowerCase() ??
    hashOf(await elect(o, headerCall, { keyOf: headerKey, accuse: nobody }));
  const ask = async (node: RpcNode): Promise<RpcAnswer> => {
    const [header, logs] = await Promise.all([
      node.rpc.ask(headerCall.method, headerCall.params),
      node.rpc.ask("eth_getLogs", params),
    ]);
    if (anchor !== null && hashOf(header) === anchor) return saidLogs(logs);
    return {
      ok: false,
      failure: { code: 0, message: "another fork, or no such block", data: null },
    };
  };
  return elect(o, { method: "eth_getLogs", params }, { keyOf: logsKey, accuse: watch.accuse, ask });
}

/** Resolves when all have settled, or a little after `isEnough`. */
async function inTime(
  tasks: readonly Promise<void>[],
  isEnough: () => boolean,
  after: RunAfter,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let callOff: (() => void) | undefined;
  for (const task of tasks) {
    void task.then(() => {
      if (isEnough()) callOff ??= after(HEAD_GRACE_MS, resolve);
    });
  }
  void Promise.all(tasks).then(() => resolve());
  await promise;
  callOff?.();
}

function byTimer(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

function isPinned(params: readonly unknown[]): boolean {
  // After it a call may say what accounts should be like for it.
  return params.slice(1).some((at) => typeof at === "object" && at !== null && "blockHash" in at);
}

function nobody(): void {}

function noQuorum(o: QuorumOptions, what: string, votes: readonly Vote[]): RetryableError {
  const answered = votes.filter((vote) => vote.key !== null).length;
  return new RetryableError(
    "rpc-quorum",
    `${what}: fewer than ${o.quorum} of ${o.nodes.length} RPC endpoints answer alike (${answered} answered)`,
  );
}
