import { isRevert, type RpcFailure } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";

/**
 * What a node's error says of a call. `reverted`: the contracts would not take it. `unfunded`: its sender cannot pay for it.
 * `node`: nothing of the call; the node is ill, busy, or does not know the method.
 */
export type CallFailure = "reverted" | "unfunded" | "node";

/** Of the machine: said without revert data by nodes that do not use code 3. */
const REVERTED =
  /\brevert(ed)?\b|\bEVM error\b|out of gas|gas required exceeds|invalid (opcode|jump)|stack (underflow|overflow)|(bad|stop) instruction/i;
/** Of the sender's own coins: geth, erigon and reth, nethermind, besu, anvil. */
const UNFUNDED =
  /insufficient funds|insufficient sender balance|insufficient balance (for|to) (transfer|pay|cover)|exceeds? (the )?(transaction sender account balance|account balance)|upfront cost/i;

/**
 * Classifies an error of `eth_call` or `eth_estimateGas`. Revert data and code 3 come first: a contract may say anything in
 * its reason, "insufficient funds" as well. Words that fit nothing are the node's, so that the call is tried again.
 */
export function classifyCallFailure(failure: RpcFailure): CallFailure {
  if (isRevert(failure)) return "reverted";
  // A reason follows the word revert: what it says is the contract's.
  if (/\brevert(ed)?\b/i.test(failure.message)) return "reverted";
  if (UNFUNDED.test(failure.message)) return "unfunded";
  return REVERTED.test(failure.message) ? "reverted" : "node";
}
