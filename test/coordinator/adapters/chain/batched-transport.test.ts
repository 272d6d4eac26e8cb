import { createServer } from "node:http";
import { createPublicClient } from "viem";
import { expect, onTestFinished, test } from "vitest";
import { batchedTransport } from "#coordinator/adapters/chain/batched-transport.ts";

type Call = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };

/** A node that answers the text of each post as told. */
async function node(answer: (body: Call | Call[]) => unknown) {
  const posts: (Call | Call[])[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const body = JSON.parse(text) as Call | Call[];
      posts.push(body);
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer(body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  const transport = batchedTransport(url, { timeoutMs: 3_000 });
  return { rpc: createPublicClient({ transport }), posts };
}

const ok = ({ id, params }: Call) => ({ jsonrpc: "2.0", id, result: params[0] });
const each = (body: Call | Call[], one: (call: Call) => unknown) =>
  Array.isArray(body) ? body.map(one) : one(body);
const ask = (rpc: Awaited<ReturnType<typeof node>>["rpc"], word: string) =>
  rpc.request({ method: "eth_call", params: [word] } as never) as Promise<unknown>;

test("the calls of one moment are one post, and each gets its own answer, in whatever order they come", async () => {
  const { rpc, posts } = await node((body) => (each(body, ok) as unknown[]).toReversed());
  const words = Array.from({ length: 40 }, (_, at) => `0x${at}`);
  expect(await Promise.all(words.map((word) => ask(rpc, word)))).toEqual(words);
  expect(posts).toHaveLength(1);
});

test("one that fails fails alone, with the node's code", async () => {
  const { rpc } = await node((body) =>
    each(body, (call) =>
      call.params[0] === "0xbad"
        ? { jsonrpc: "2.0", id: call.id, error: { code: 3, message: "execution reverted" } }
        : ok(call),
    ),
  );
  const [good, bad] = await Promise.allSettled([ask(rpc, "0x1"), ask(rpc, "0xbad")]);
  expect(good).toMatchObject({ status: "fulfilled", value: "0x1" });
  expect(bad).toMatchObject({ status: "rejected", reason: { code: 3 } });
});

test("a node that takes no batches is asked one by one, and not in batches again soon", async () => {
  const refusal = { jsonrpc: "2.0", id: null, error: { code: -32600, message: "no batches" } };
  const { rpc, posts } = await node((body) => (Array.isArray(body) ? refusal : ok(body)));
  const words = ["0x1", "0x2", "0x3"];
  expect(await Promise.all(words.map((word) => ask(rpc, word)))).toEqual(words);
  expect(await Promise.all(words.map((word) => ask(rpc, word)))).toEqual(words);
  expect(posts.filter(Array.isArray)).toHaveLength(1);
});

test("an answer that a batch leaves out is asked for by itself: none is taken for another call's", async () => {
  const { rpc, posts } = await node((body) =>
    Array.isArray(body) ? body.filter((_, at) => at !== 1).map(ok) : ok(body),
  );
  const words = ["0x1", "0x2", "0x3"];
  expect(await Promise.all(words.map((word) => ask(rpc, word)))).toEqual(words);
  expect(posts).toHaveLength(2);
});
