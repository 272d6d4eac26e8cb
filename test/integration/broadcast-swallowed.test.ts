import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keccak256 } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { broadcastAlong } from "#shard-agent/adapters/sending/broadcast-route.ts";
import type { Hex } from "#shared/units/ids.ts";
import { rpc, startAnvil } from "#test/local/chains/anvil.ts";
import { createSupervisor, type Supervisor } from "#test/local/processes/supervisor.ts";
import { rpcProxy } from "#test/support/chain/rpc-proxy.ts";

const SENDER = mnemonicToAccount("test test test test test test test test test test test junk");
let folder: string;
let supervisor: Supervisor;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "riskshard-broadcast-"));
  supervisor = createSupervisor(folder);
  const chain = { name: "broadcast", chainId: 31_337, forkUrl: null, startsAtSeconds: null };
  ({ rpcUrl: url } = await startAnvil(supervisor, { ...chain, cacheDir: folder }));
});
afterAll(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a transaction is in a block although the first endpoint takes it and tells nobody, without a word of failure", async () => {
  const raw = await SENDER.signTransaction({
    type: "eip1559",
    chainId: 31_337,
    nonce: 0,
    to: SENDER.address,
    gas: 21_000n,
    maxFeePerGas: 10_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
  });
  const proxy = await rpcProxy(url);
  proxy.swallow("eth_sendRawTransaction", ([bytes]) => keccak256(bytes as Hex));
  const publicNodes = [proxy.url, url].map((one) => rpcClient([one]));
  const outcome = await broadcastAlong(
    { privateNodes: [], publicNodes, publicFallback: false },
    raw,
  );
  expect(outcome.outcome).toBe("submitted");
  // Submitted is not mined: the node mines it a moment later.
  const status = async () => {
    const receipt = await rpc(url, "eth_getTransactionReceipt", [keccak256(raw)]);
    return (receipt as { status: string } | null)?.status;
  };
  await expect.poll(status).toBe("0x1");
});
