import { expect, test } from "vitest";
import { type CallFailure, classifyCallFailure } from "#shard-agent/adapters/rpc/call-failure.ts";

type Row = {
  readonly expected: CallFailure;
  readonly code: number;
  readonly message: string;
  readonly data?: `0x${string}`;
};

/** As geth, erigon, reth, nethermind, besu, anvil and the usual gateways say it. */
const ROWS: readonly Row[] = [
  { expected: "reverted", code: 3, message: "execution reverted", data: "0x08c379a0" },
  {
    expected: "reverted",
    code: 3,
    message: "execution reverted: insufficient funds for gas * price + value",
  },
  {
    expected: "reverted",
    code: -32000,
    message: "execution reverted: ERC20: insufficient allowance",
  },
  { expected: "reverted", code: -32000, message: "execution reverted: insufficient funds" },
  {
    expected: "reverted",
    code: -32603,
    message: "Error: VM Exception while processing transaction: reverted with reason string 'x'",
  },
  { expected: "reverted", code: -32015, message: "VM execution error.", data: "0x4e487b71" },
  { expected: "reverted", code: -32000, message: "gas required exceeds allowance (30000000)" },
  { expected: "reverted", code: -32000, message: "out of gas" },
  { expected: "reverted", code: -32000, message: "invalid opcode: INVALID" },
  { expected: "reverted", code: -32000, message: "stack underflow (0 <=> 1)" },
  {
    expected: "unfunded",
    code: -32000,
    message: "insufficient funds for gas * price + value: address 0x1 have 5 want 9",
  },
  { expected: "reverted", code: -32603, message: "EVM error InvalidFEOpcode" },
  { expected: "unfunded", code: -32000, message: "insufficient funds for transfer" },
  { expected: "unfunded", code: -32003, message: "Insufficient funds for gas * price + value" },
  { expected: "unfunded", code: -32010, message: "insufficient sender balance" },
  { expected: "unfunded", code: -32000, message: "Upfront cost exceeds account balance" },
  { expected: "node", code: -32005, message: "request exceeds defined limit" },
  { expected: "node", code: -32005, message: "daily request count exceeded, request rate limited" },
  { expected: "node", code: -32000, message: "insufficient peers" },
  { expected: "node", code: -32602, message: "insufficient arguments" },
  { expected: "node", code: -32000, message: "header not found" },
  { expected: "node", code: -32603, message: "response size exceeds limit" },
  { expected: "node", code: -32000, message: "nonce too low" },
  { expected: "node", code: -32601, message: "the method eth_estimateGas does not exist" },
];

test.each(ROWS)("$expected: code $code, $message", ({ expected, code, message, data }) => {
  expect(classifyCallFailure({ code, message, data: data ?? null })).toBe(expected);
});
