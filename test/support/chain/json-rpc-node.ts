import { createServer } from "node:http";
import { onTestFinished } from "vitest";

export type RpcCall = { readonly method: string; readonly params: readonly unknown[] };
/** `break` closes the connection after the request arrived. */
export type RpcReply =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }
  | "break";

/** An HTTP JSON-RPC server that answers as told, for faults that a healthy node does not show. */
export async function jsonRpcNode(reply: (call: RpcCall) => RpcReply): Promise<{
  readonly url: string;
  readonly calls: RpcCall[];
}> {
  const calls: RpcCall[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const { id, method, params } = JSON.parse(text) as RpcCall & { id: number };
      calls.push({ method, params });
      const answer = reply({ method, params });
      if (answer === "break") {
        request.socket.destroy();
        return;
      }
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}/secret-path`, calls };
}
