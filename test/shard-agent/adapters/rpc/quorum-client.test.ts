import { expect, test } from "vitest";
import { quorumClient } from "#shard-agent/adapters/rpc/quorum-client.ts";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { jsonRpcNode, type RpcCall, type RpcReply } from "#test/support/chain/json-rpc-node.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const AT = { blockHash: hash32("b1") };
const PINNED = ["eth_call", [{ to: "0x01", data: "0x02" }, AT]] as const;

function header(number: number, hash = hash32("b1")) {
  return { number: `0x${number.toString(16)}`, hash };
}

async function clientOf(replies: readonly ((call: RpcCall) => RpcReply)[], quorum = 2) {
  const nodes = await Promise.all(replies.map((reply) => jsonRpcNode(reply)));
  const named = nodes.map((node, index) => ({
    name: `rpcUrls[${index}]`,
    rpc: rpcClient([node.url]),
  }));
  const time = { nowMs: 1_000 };
  const log = memoryLog();
  const client = quorumClient({
    nodes: named,
    quorum,
    failover: rpcClient(nodes.map((node) => node.url)),
    headLagMaxBlocks: 5,
    clock: { nowMs: () => time.nowMs },
    log,
  });
  return { client, nodes, time, lines: log.lines };
}

function always(result: unknown): () => RpcReply {
  return () => ({ result });
}

/** An endpoint that has come so far on a chain that is the same for all. */
function at(newest: number): (call: RpcCall) => RpcReply {
  return ({ params: [tag] }) => ({
    result: header(String(tag).startsWith("0x") ? Number(tag) : newest),
  });
}

/** Waits until the slowest endpoint's answer has been judged too. */
async function settled(read: () => unknown): Promise<void> {
  await expect.poll(read).toBeTruthy();
}

test("equal answers of a quorum are believed, whatever the case of their hex", async () => {
  const { client } = await clientOf([always("0xAB"), always("0xab")]);
  expect(await client.request(...PINNED)).toMatch(/^0xab$/i);
  expect(client.disagreement()).toBeNull();
});

test("a liar is outvoted, named, and remembered for a minute after its last lie", async () => {
  const { client, time, lines } = await clientOf([always("0x01"), always("0x02"), always("0x01")]);
  expect(await client.request(...PINNED)).toBe("0x01");
  await settled(() => client.disagreement());
  expect(client.disagreement()).toEqual({
    endpoints: ["rpcUrls[1]"],
    what: "eth_call",
    atMs: 1_000,
  });
  expect(JSON.stringify(lines)).toContain("contradict each other");
  time.nowMs += 59_999;
  expect(client.disagreement()).not.toBeNull();
  time.nowMs += 1;
  expect(client.disagreement()).toBeNull();
});

test("an endpoint that says the same as the others when asked again is not accused", async () => {
  const said = ["0x02"];
  const { client, nodes } = await clientOf([
    always("0x01"),
    () => ({ result: said.pop() ?? "0x01" }),
    always("0x01"),
  ]);
  expect(await client.request(...PINNED)).toBe("0x01");
  await settled(() => nodes[1]?.calls.length === 2);
  await client.request(...PINNED);
  expect(client.disagreement()).toBeNull();
});

test("two endpoints that contradict each other are no quorum, and both are named", async () => {
  const { client } = await clientOf([always("0x01"), always("0x02")]);
  await expect(client.request(...PINNED)).rejects.toThrow("rpc-quorum");
  expect(client.disagreement()?.endpoints).toEqual(["rpcUrls[0]", "rpcUrls[1]"]);
});

test("an endpoint that is gone, or does not know the block, does not contradict", async () => {
  const unknown = (): RpcReply => ({ error: { code: -32000, message: "header not found" } });
  const { client } = await clientOf([always("0x01"), unknown, always("0x01"), () => "break"]);
  expect(await client.request(...PINNED)).toBe("0x01");
  expect(client.disagreement()).toBeNull();
  const few = await clientOf([always("0x01"), unknown]);
  await expect(few.client.request(...PINNED)).rejects.toThrow("(1 answered)");
  expect(few.client.disagreement()).toBeNull();
});

test("a revert that a quorum reports is an answer", async () => {
  const reverts = (): RpcReply => ({ error: { code: 3, message: "reverted", data: "0xdead" } });
  const { client } = await clientOf([reverts, reverts, always("0x01")]);
  expect(await client.ask(...PINNED)).toMatchObject({ ok: false, failure: { data: "0xdead" } });
  await settled(() => client.disagreement());
  expect(client.disagreement()?.endpoints).toEqual(["rpcUrls[2]"]);
});

test("the head is the highest that a quorum has, and who is far behind is named", async () => {
  const { client } = await clientOf([at(900), at(100), at(101)]);
  expect(await client.request("eth_getBlockByNumber", ["latest", false])).toEqual(header(101));
  expect(client.lagging()).toEqual([]);
  const late = await clientOf([at(101), at(95), at(101)]);
  await late.client.request("eth_getBlockByNumber", ["latest", false]);
  expect(late.client.lagging()).toEqual(["rpcUrls[1]"]);
});

test("two different final blocks at one height are a contradiction, two heads are a fork", async () => {
  const answers = [header(7, hash32("a1")), header(7, hash32("a2")), header(7, hash32("a1"))];
  const { client } = await clientOf(answers.map(always));
  expect(await client.request("eth_getBlockByNumber", ["latest", false])).toEqual(answers[0]);
  expect(client.disagreement()).toBeNull();
  await client.request("eth_getBlockByNumber", ["finalized", false]);
  expect(client.disagreement()).toMatchObject({ endpoints: ["rpcUrls[1]"], what: "final block" });
});

test("of two different final blocks with one endpoint each, both endpoints are named", async () => {
  const answers = [header(7, hash32("a1")), header(7, hash32("a2")), header(6, hash32("a3"))];
  const { client } = await clientOf(answers.map(always));
  const asked = client.request("eth_getBlockByNumber", ["finalized", false]);
  await expect(asked).rejects.toThrow("rpc-quorum");
  expect(client.disagreement()?.endpoints).toEqual(["rpcUrls[0]", "rpcUrls[1]"]);
});

const LOG = {
  address: "0x01",
  topics: ["0x02"],
  data: "0x03",
  blockHash: hash32("b1"),
  transactionHash: hash32("cc"),
  logIndex: "0x0",
};

test("hidden events are a contradiction; events of another fork are none", async () => {
  const node =
    (hash: string, logs: unknown) =>
    ({ method }: RpcCall): RpcReply => ({
      result: method === "eth_getLogs" ? logs : { number: "0x7", hash },
    });
  const one = node(hash32("b1"), [{ ...LOG, removed: false }]);
  const two = node(hash32("b1"), [{ ...LOG, blockTimestamp: "0x1" }]);
  const filter = [{ address: "0x01", fromBlock: "0x1", toBlock: "0x7" }];
  const forked = await clientOf([one, two, node(hash32("ff"), [])]);
  expect(await forked.client.request("eth_getLogs", filter)).toHaveLength(1);
  const { client } = await clientOf([one, two, node(hash32("b1"), [])]);
  expect(await client.request("eth_getLogs", filter)).toHaveLength(1);
  await settled(() => client.disagreement());
  expect(client.disagreement()?.endpoints).toEqual(["rpcUrls[2]"]);
  expect(forked.client.disagreement()).toBeNull();
});

test("events of a block by its hash count only from endpoints that have the block, and one that hides some is named", async () => {
  const node =
    (hash: string | null, logs: unknown) =>
    ({ method }: RpcCall): RpcReply => {
      const header = hash === null ? null : { number: "0x7", hash };
      return { result: method === "eth_getLogs" ? logs : header };
    };
  const has = node(hash32("b1"), [LOG]);
  const filter = [{ address: "0x01", blockHash: hash32("b1") }];
  const behind = await clientOf([has, has, node(null, [])]);
  expect(await behind.client.request("eth_getLogs", filter)).toHaveLength(1);
  const { client } = await clientOf([has, has, node(hash32("b1"), [])]);
  expect(await client.request("eth_getLogs", filter)).toHaveLength(1);
  await settled(() => client.disagreement());
  expect(client.disagreement()?.endpoints).toEqual(["rpcUrls[2]"]);
  expect(behind.client.disagreement()).toBeNull();
});

test("a receipt that only one endpoint has is not believed", async () => {
  const receipt = {
    transactionHash: hash32("cc"),
    blockHash: hash32("b1"),
    status: "0x1",
    logs: [],
  };
  const { client } = await clientOf([always(receipt), always(null), always(null)]);
  expect(await client.request("eth_getTransactionReceipt", [hash32("cc")])).toBeNull();
});

const BLOCK = {
  number: "0x64",
  hash: hash32("b1"),
  parentHash: hash32("b0"),
  timestamp: "0x10",
  baseFeePerGas: "0x7",
};

test.each([
  ["parentHash", hash32("aa")],
  ["timestamp", "0xffff"],
  ["baseFeePerGas", "0x0"],
])(
  "a head is believed whole: one endpoint with the right hash and another %s is outvoted",
  async (field, lie) => {
    const liar = always({ ...BLOCK, [field]: lie });
    const behind = ({ params }: RpcCall): RpcReply => ({
      result: params[0] === "latest" ? { ...BLOCK, number: "0x63", hash: hash32("b0") } : BLOCK,
    });
    for (const other of [behind, always(BLOCK)]) {
      const { client } = await clientOf([liar, always(BLOCK), other]);
      expect(await client.request("eth_getBlockByNumber", ["latest", false])).toEqual(BLOCK);
      expect(await client.request("eth_getBlockByNumber", ["0x64", false])).toEqual(BLOCK);
    }
    const two = await clientOf([liar, always(BLOCK)]);
    await expect(two.client.request("eth_getBlockByNumber", ["latest", false])).rejects.toThrow(
      "rpc-quorum",
    );
  },
);

test("a block by its hash is asked of a quorum", async () => {
  const { client } = await clientOf([
    always({ ...BLOCK, timestamp: "0xffff" }),
    always(BLOCK),
    always(BLOCK),
  ]);
  expect(await client.request("eth_getBlockByHash", [BLOCK.hash, false])).toEqual(BLOCK);
});

test("of an event only that is believed which the quorum said alike", async () => {
  const node =
    (log: object) =>
    ({ method }: RpcCall): RpcReply => ({ result: method === "eth_getLogs" ? [log] : BLOCK });
  const event = { ...LOG, blockNumber: "0x64" };
  const filter = [{ address: "0x01", blockHash: BLOCK.hash }];
  const lies = [{ blockTimestamp: "0xffff" }, { blockNumber: "0x1" }];
  for (const lie of lies) {
    const liar = node({ ...event, ...lie });
    const { client } = await clientOf([liar, node(event), node(event)]);
    expect(await client.request("eth_getLogs", filter)).toEqual([event]);
    const alone = await clientOf([liar, liar]);
    const [told] = (await alone.client.request("eth_getLogs", filter)) as object[];
    expect(told).not.toHaveProperty("blockTimestamp");
  }
});

test("events up to a block that the quorum has not got are no answer, whoever gives some", async () => {
  const behind = ({ method }: RpcCall): RpcReply => ({
    result: method === "eth_getLogs" ? [] : null,
  });
  const broken = ({ method }: RpcCall): RpcReply =>
    method === "eth_getLogs" ? { result: [] } : { error: { code: -32_000, message: "busy" } };
  const { client } = await clientOf([behind, behind, broken]);
  const filter = [{ address: "0x01", fromBlock: "0x1", toBlock: "0x7" }];
  await expect(client.request("eth_getLogs", filter)).rejects.toThrow("rpc-quorum");
});

test.each([
  ["a receipt whose events are no list", "eth_getTransactionReceipt", { logs: 5 }],
  ["a receipt with an event that is nothing", "eth_getTransactionReceipt", { logs: [null] }],
  ["a header that is a number", "eth_getBlockByHash", 7],
])("an endpoint that answers %s has no vote, and ends nothing", async (_, method, nonsense) => {
  const { client } = await clientOf([always(nonsense), always(null), always(null)]);
  expect(await client.request(method, [hash32("b1"), false])).toBeNull();
});

test.each([
  ["nothing in it", {}],
  ["no hash", { number: "0x65" }],
  ["a height beyond all numbers", { number: `0x${"f".repeat(60)}`, hash: hash32("b2") }],
  ["a height that is no number", { number: "0xzz", hash: hash32("b2") }],
  ["a list", []],
])("one endpoint's head with %s does not keep the others from having one", async (_, nonsense) => {
  for (const tag of ["latest", "finalized"]) {
    const { client } = await clientOf([always(nonsense), at(101), at(101)]);
    expect(await client.request("eth_getBlockByNumber", [tag, false])).toEqual(header(101));
  }
});
