import { encodeErrorResult, parseTransaction } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { expect, test } from "vitest";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { viemSender } from "#shard-agent/adapters/sending/viem-sender.ts";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { jsonRpcNode, type RpcReply } from "#test/support/chain/json-rpc-node.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const SIGNER = localSigner(generatePrivateKey());
const INTENT = { kind: "job", payload: "{}", gasFeeCapWei: 1n } as const;
const CALL = { to: address20("01"), data: "0x1234", valueWei: 5n } as const;
const BLOCK = {
  number: "0x1",
  hash: hash32("b1"),
  parentHash: hash32("b0"),
  timestamp: "0x1",
  baseFeePerGas: "0x64",
};

async function senderOn(replies: Record<string, RpcReply>) {
  const node = await jsonRpcNode(
    ({ method }) => replies[method] ?? { error: { code: -32601, message: "unknown" } },
  );
  return viemSender(rpcClient([node.url]), { signer: SIGNER, chainId: 8453 });
}

const BROADCASTS: readonly {
  readonly name: string;
  readonly reply: RpcReply;
  readonly outcome: string;
}[] = [
  { name: "takes the bytes", reply: { result: hash32("aa") }, outcome: "submitted" },
  {
    name: "has them already",
    reply: { error: { code: -32000, message: "already known" } },
    outcome: "submitted",
  },
  {
    name: "imported them already",
    reply: { error: { code: -32003, message: "transaction already imported" } },
    outcome: "submitted",
  },
  {
    name: "says the nonce is used",
    reply: { error: { code: -32003, message: "nonce too low" } },
    outcome: "unknown",
  },
  {
    name: "refuses the fee",
    reply: { error: { code: -32000, message: "max fee per gas less than block base fee" } },
    outcome: "not_submitted",
  },
  { name: "loses the reply", reply: "break", outcome: "unknown" },
];

test.each(BROADCASTS)("a node that $name means $outcome", async ({ reply, outcome }) => {
  const sender = await senderOn({ eth_sendRawTransaction: reply });
  expect((await sender.broadcast("0xf00d")).outcome).toBe(outcome);
});

test("the gas limit is the simulation's and a half more, at the base fee of the head", async () => {
  const sender = await senderOn({
    eth_estimateGas: { result: "0x186a0" },
    eth_getBlockByNumber: { result: BLOCK },
  });
  expect(await sender.prepare(CALL)).toEqual({
    reverts: false,
    gasLimit: 150_000n,
    baseFeeWei: 100n,
    headTimestampMs: 1_000,
  });
});

test("a call that would revert is a value with the error's name and arguments", async () => {
  const data = encodeErrorResult({
    abi: shardVaultAbi,
    errorName: "ShardVault_Expired",
    args: [10n, 12n],
  });
  const error = { code: 3, message: "execution reverted", data };
  const sender = await senderOn({
    eth_estimateGas: { error },
    eth_getBlockByNumber: { result: BLOCK },
  });
  expect(await sender.prepare(CALL)).toEqual({
    reverts: true,
    detail: "ShardVault_Expired(10, 12)",
  });
});

test("a node that is ill is tried again, not taken for a revert", async () => {
  const error = { code: -32005, message: "limit of requests reached" };
  const sender = await senderOn({
    eth_estimateGas: { error },
    eth_getBlockByNumber: { result: BLOCK },
  });
  await expect(sender.prepare(CALL)).rejects.toThrow("rpc-failed");
});

test("the signed bytes hold the call, the nonce and the fees", async () => {
  const sender = await senderOn({});
  const fees = {
    gasLimit: 150_000n,
    maxFeePerGasWei: 9n,
    maxPriorityFeePerGasWei: 2n,
    intent: INTENT,
  };
  const signed = await sender.sign(CALL, { nonce: 7, ...fees });
  expect(parseTransaction(signed.raw)).toMatchObject({
    chainId: 8453,
    nonce: 7,
    gas: 150_000n,
    value: 5n,
    data: "0x1234",
  });
  expect(signed).toMatchObject({
    nonce: 7,
    maxFeePerGasWei: 9n,
    hash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
  });
});

test("a replacement is the same call with the same nonce and gas at the new fees", async () => {
  const sender = await senderOn({});
  const fees = { maxFeePerGasWei: 9n, maxPriorityFeePerGasWei: 2n };
  const first = await sender.sign(CALL, {
    nonce: 7,
    gasLimit: 150_000n,
    intent: INTENT,
    ...fees,
  });
  const higher = { maxFeePerGasWei: 11n, maxPriorityFeePerGasWei: 3n };
  const second = await sender.signAgain(first.raw, higher, INTENT);
  expect(second).toMatchObject({ nonce: 7, gasLimit: 150_000n, ...higher });
  expect(second.hash).not.toBe(first.hash);
  const { maxFeePerGas, maxPriorityFeePerGas, r, s, v, yParity, ...same } = parseTransaction(
    second.raw,
  );
  expect([maxFeePerGas, maxPriorityFeePerGas]).toEqual([11n, 3n]);
  expect(parseTransaction(first.raw)).toMatchObject(same);
});
