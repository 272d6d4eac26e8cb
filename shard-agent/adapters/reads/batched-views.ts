import { type Abi, type Address, encodeFunctionData, type Hex, numberToHex } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { type BlockParameter, callView, viewAnswer } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { ViewReader } from "#shard-agent/ports/venue.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardLensAbi } from "#shared/evm/abi/shard-lens.ts";

type ViewCall = Parameters<ViewReader>[0];
type Waiting = {
  readonly call: ViewCall;
  readonly data: Hex;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};
type BatchOptions = {
  readonly lens: Address;
  readonly at: BlockParameter;
  /** The lens's code. */
  readonly code: () => Promise<Hex>;
};
type Answer = { readonly ok: boolean; readonly data: Hex };

/** Calls of one eth_call: together they stay below what nodes let one use, each with the gas promised. */
const CALLS_MAX = 12;
/** Given to all together; named, because nodes' own limits differ, and what runs into them would differ from node to node. */
const GAS_TOGETHER = 30_000_000;
/** No call gets less, or all are made one by one: more than the largest simulated trade takes. */
const GAS_EACH = 5_000_000n;

/**
 * A {@link ViewReader} at one block that makes the calls of one moment together, by `ShardLens.tryCalls`: each sees
 * the same state, and a refusal is told apart for each. What is asked twice is asked once. Calls in
 * somebody's name are made from that account, with the lens's code put there for the call. What a node
 * does not take together is asked one by one, so that the answers are the same either way.
 */
export function batchedViews(rpc: RpcClient, o: BatchOptions): ViewReader {
  const known = new Map<string, Promise<unknown>>();
  let waiting: Waiting[] = [];
  const flush = (): void => {
    const all = waiting;
    waiting = [];
    for (const [from, calls] of Map.groupBy(all, ({ call }) => call.from ?? null)) {
      for (let first = 0; first < calls.length; first += CALLS_MAX) {
        makeTogether(rpc, o, { from, calls: calls.slice(first, first + CALLS_MAX) });
      }
    }
  };
  return (call) => {
    const { abi, to, name, args, from } = call;
    const data = encodeFunctionData({ abi, functionName: name, args } as never);
    const key = `${from ?? ""} ${to} ${data} ${call.ifReverts === undefined}`.toLowerCase();
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = new Promise<unknown>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ call, data, resolve, reject });
    });
    known.set(key, answer);
    return answer;
  };
}

function makeTogether(
  rpc: RpcClient,
  o: BatchOptions,
  group: { readonly from: Address | null; readonly calls: readonly Waiting[] },
): void {
  const answers = answersOf(rpc, o, group);
  group.calls.forEach(({ call, resolve, reject }, index) => {
    const value = answers.then((found) => {
      const answer = found?.[index];
      return answer === undefined ? viewAlone(rpc, o.at, call) : settled(call, answer);
    });
    value.then(resolve, reject);
  });
}

/** One call by itself. */
function viewAlone(rpc: RpcClient, at: BlockParameter, call: ViewCall): Promise<unknown> {
  return callView(rpc, { ...call, abi: call.abi as Abi, name: call.name as never, at });
}

/** Null when there is only one, or the node does not take them together. */
async function answersOf(
  rpc: RpcClient,
  { lens, at, code }: BatchOptions,
  { from, calls }: { readonly from: Address | null; readonly calls: readonly Waiting[] },
): Promise<readonly Answer[] | null> {
  if (calls.length < 2) return null;
  const list = calls.map(({ call: { to }, data }) => ({ to, data }));
  const args = [list, GAS_EACH] as const;
  const data = encodeFunctionData({ abi: shardLensAbi, functionName: "tryCalls", args });
  const gas = numberToHex(GAS_TOGETHER);
  const ask = (to: Address, ...override: readonly object[]) =>
    rpc.ask("eth_call", [{ to, data, gas }, at, ...override]).catch(nullWithoutQuorum);
  const answer =
    from === null ? await ask(lens) : await ask(from, { [from]: { code: await code() } });
  if (answer?.ok !== true) return null;
  const called = { abi: shardLensAbi, to: lens, name: "tryCalls" };
  return viewAnswer(called, answer.result as Hex) as readonly Answer[];
}

/** Of several endpoints some may not take calls together; each call by itself they may answer alike. */
function nullWithoutQuorum(error: unknown): null {
  if (error instanceof RetryableError && error.code === "rpc-quorum") return null;
  throw error;
}

function settled(call: ViewCall, { ok, data }: Answer): unknown {
  const { abi, to, name, ifReverts } = call;
  if (ok) return viewAnswer({ abi: abi as Abi, to, name }, data);
  if (ifReverts !== undefined) return ifReverts.value;
  throw new RetryableError("rpc-failed", `eth_call: ${name} of ${to} reverts with ${data}`);
}
