import { type Hex, hexToBigInt } from "viem";
import { classifyCallFailure } from "#shard-agent/adapters/rpc/call-failure.ts";
import type { RpcAnswer, RpcFailure } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { RetryableError } from "#shared/errors.ts";

/** Endpoints that simulate a call, and how many of them must come to the same. */
export type Estimators = { readonly nodes: readonly RpcClient[]; readonly quorum: number };

/** What a call does: the gas it is expected to use, or why it does nothing. */
export type Estimate =
  | { readonly kind: "gas"; readonly gas: bigint }
  | { readonly kind: "reverted" | "unfunded"; readonly failure: RpcFailure };

/** How long slower endpoints are waited for once enough have given alike figures. */
const GRACE_MS = 100;
/** Honest simulations of one call on blocks near each other differ by less than this factor. */
const ALIKE = 2n;

type Said = Estimate | { readonly kind: "nothing"; readonly why: string };

/**
 * Simulates a call on the pending block at every endpoint. As many as the quorum must agree that it goes through, or that
 * it does not. Of what they say it uses the upper median counts: too little would revert and lose its fee, too much would
 * be refused as too dear, and neither is for a minority to say. Where figures differ widely all are waited for.
 *
 * @throws {RetryableError} `rpc-quorum` when too few endpoints came to the same, `rpc-failed` where one endpoint is all and
 * it is ill.
 */
export async function estimateGas(
  { nodes, quorum }: Estimators,
  transaction: Readonly<Record<string, Hex>>,
): Promise<Estimate> {
  const said: Said[] = [];
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const all = nodes.map(async (node) => {
    said.push(await askOne(node, transaction));
    if (isDecided(said, quorum)) timer ??= setTimeout(resolve, GRACE_MS);
  });
  const everyone = Promise.all(all);
  await Promise.race([everyone, enough]);
  // One that came within the grace may contradict those before it.
  if (!isDecided(said, quorum)) await everyone;
  clearTimeout(timer);
  return verdict(said, quorum, nodes.length);
}

async function askOne(node: RpcClient, transaction: object): Promise<Said> {
  try {
    return readAnswer(await node.ask("eth_estimateGas", [transaction, "pending"]));
  } catch (error) {
    return { kind: "nothing", why: error instanceof Error ? error.message : String(error) };
  }
}

function readAnswer(answer: RpcAnswer): Said {
  if (answer.ok) {
    const { result } = answer;
    const isGas = typeof result === "string" && /^0x[0-9a-f]{1,16}$/i.test(result);
    if (isGas && hexToBigInt(result as Hex) > 0n)
      return { kind: "gas", gas: hexToBigInt(result as Hex) };
    return { kind: "nothing", why: "answers with no amount of gas" };
  }
  const { failure } = answer;
  const kind = classifyCallFailure(failure);
  if (kind === "node") return { kind: "nothing", why: `${failure.message} (code ${failure.code})` };
  return { kind, failure };
}

function isDecided(said: readonly Said[], quorum: number): boolean {
  const gas = amounts(said);
  const [least, most] = [gas[0] ?? 0n, gas.at(-1) ?? 0n];
  if (gas.length >= quorum) return most <= ALIKE * least;
  return refusalBy(said, quorum) !== undefined;
}

function verdict(said: readonly Said[], quorum: number, nodes: number): Estimate {
  const gas = amounts(said);
  const median = gas[Math.floor(gas.length / 2)];
  if (gas.length >= quorum && median !== undefined) return { kind: "gas", gas: median };
  const refusal = refusalBy(said, quorum);
  if (refusal !== undefined) return refusal;
  const ill = said.flatMap((one) => (one.kind === "nothing" ? [one.why] : []));
  if (nodes === 1) throw new RetryableError("rpc-failed", `eth_estimateGas: ${ill.join("; ")}`);
  const found = `${gas.length} say it goes through, ${said.length - gas.length - ill.length} that it does not`;
  throw new RetryableError(
    "rpc-quorum",
    `eth_estimateGas: fewer than ${quorum} of ${nodes} RPC endpoints come to the same (${[found, ...ill].join("; ")})`,
  );
}

/** Ascending. */
function amounts(said: readonly Said[]): bigint[] {
  const gas = said.flatMap((one) => (one.kind === "gas" ? [one.gas] : []));
  return gas.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
}

/** What enough endpoints say of why it does not go through. */
function refusalBy(said: readonly Said[], quorum: number) {
  for (const wanted of ["reverted", "unfunded"] as const) {
    const alike = said.flatMap((one) => (one.kind === wanted ? [one] : []));
    if (alike.length >= quorum) return alike[0];
  }
  return undefined;
}
