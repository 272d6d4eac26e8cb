import type { RpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import { canonical } from "#shard-agent/adapters/rpc/rpc-vote.ts";

/** A block's header as a node gives it. */
export type Header = { readonly number: `0x${string}`; readonly hash: string };

/** All that is read of a header: a hash alone vouches for nothing that is said beside it. */
const HEADER_FIELDS = ["number", "hash", "parentHash", "timestamp", "baseFeePerGas"] as const;
/** Up to 48 bits: whatever an endpoint says, it is a number. */
const BLOCK_NUMBER = /^0x[0-9a-f]{1,12}$/i;
const BLOCK_HASH = /^0x[0-9a-f]{64}$/i;
const LOG_FIELDS = [
  "address",
  "topics",
  "data",
  "blockNumber",
  "blockHash",
  "transactionHash",
  "logIndex",
] as const;
const RECEIPT_FIELDS = [
  "transactionHash",
  "blockHash",
  "blockNumber",
  "status",
  "gasUsed",
  "effectiveGasPrice",
] as const;

/** The header that was answered; null when there is none, or it is no header. */
export function headerOf(answer: RpcAnswer): Header | null {
  if (!answer.ok) return null;
  const { number, hash } = (answer.result ?? {}) as { number?: unknown; hash?: unknown };
  const isHeader = BLOCK_NUMBER.test(String(number)) && BLOCK_HASH.test(String(hash));
  return isHeader ? (answer.result as Header) : null;
}

/** The hash of the header that was answered, in lower case; null when there is none. */
export function hashOf(answer: RpcAnswer): string | null {
  return headerOf(answer)?.hash.toLowerCase() ?? null;
}

/** Equal for headers that say the same; null for an error, and for what is no header. */
export function headerKey(answer: RpcAnswer): string | null {
  if (!answer.ok) return null;
  if (answer.result === null) return "none";
  const header = headerOf(answer);
  return header && canonical(pick(header, HEADER_FIELDS));
}

/** Events without what nodes add to them of their own, on which no quorum can agree. */
export function saidLogs(answer: RpcAnswer): RpcAnswer {
  if (!answer.ok || !Array.isArray(answer.result)) return answer;
  return { ok: true, result: (answer.result as object[]).map((log) => pick(log, LOG_FIELDS)) };
}

/** Equal for the same events; null when the answer is none. */
export function logsKey(answer: RpcAnswer): string | null {
  const said = saidLogs(answer);
  return said.ok && Array.isArray(said.result) ? canonical(said.result) : null;
}

/** Equal for receipts that say the same; null for an error. */
export function receiptKey(answer: RpcAnswer): string | null {
  if (!answer.ok) return null;
  if (answer.result === null) return "none";
  const receipt = answer.result as { logs?: object[] };
  const logs = (receipt.logs ?? []).map((log) => pick(log, LOG_FIELDS));
  return canonical({ ...pick(receipt, RECEIPT_FIELDS), logs });
}

/** The fields of a value that are there: some nodes leave out what others call null. */
function pick(value: object, fields: readonly string[]): Record<string, unknown> {
  const all = value as Record<string, unknown>;
  return Object.fromEntries(
    fields.filter((field) => (all[field] ?? null) !== null).map((field) => [field, all[field]]),
  );
}
