import { createServer } from "node:http";
import { onTestFinished } from "vitest";

/** Changes one answer of a node, or holds it back; what it gives is sent instead of the result. */
export type Lie = (method: string, params: readonly unknown[], result: unknown) => unknown;

export type RpcProxy = {
  readonly url: string;
  /** From now on; null for the truth. */
  readonly lie: (lie: Lie | null) => void;
  /** From now on calls of this method end here, answered by what is given; the node never hears of them. */
  readonly swallow: (method: string, answer: (params: readonly unknown[]) => unknown) => void;
};

/** An HTTP JSON-RPC proxy in front of a real node that tells lies when asked to. Ends with the test. */
export async function rpcProxy(target: string): Promise<RpcProxy> {
  let lie: Lie | null = null;
  const swallowed = new Map<string, (params: readonly unknown[]) => unknown>();
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const { id, method, params } = JSON.parse(text) as Call;
      const answer = swallowed.get(method);
      const body =
        answer === undefined
          ? forward(target, text, lie)
          : Promise.resolve(JSON.stringify({ jsonrpc: "2.0", id, result: answer(params) }));
      void body.then(
        (found) => response.setHeader("content-type", "application/json").end(found),
        () => request.socket.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/secret-path`,
    lie: (next) => {
      lie = next;
    },
    swallow: (method, answer) => void swallowed.set(method, answer),
  };
}

type Call = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };

async function forward(target: string, text: string, lie: Lie | null): Promise<string> {
  const { method, params } = JSON.parse(text) as Call;
  const headers = { "content-type": "application/json" };
  const answer = await fetch(target, { method: "POST", headers, body: text });
  const body = (await answer.json()) as { result?: unknown };
  if (lie === null || !("result" in body)) return JSON.stringify(body);
  return JSON.stringify({ ...body, result: await lie(method, params, body.result) });
}
