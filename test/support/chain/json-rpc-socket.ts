import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";
import type { RpcCall, RpcReply } from "#test/support/chain/json-rpc-node.ts";

/** Of RFC 6455. */
const HANDSHAKE = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

type Call = RpcCall & { readonly id: number };

/**
 * A JSON-RPC server over WebSocket that answers as told and says what it is told to whoever is connected, for faults that
 * a healthy node does not show. `silent` leaves a call unanswered, `break` the connection.
 */
export async function jsonRpcSocket(
  reply: (call: RpcCall) => RpcReply | "silent" | { readonly whole: unknown },
): Promise<{
  readonly url: string;
  readonly connections: () => number;
  /** The methods asked, frame by frame. */
  readonly frames: readonly (readonly string[])[];
  readonly say: (message: unknown) => void;
}> {
  const sockets: Duplex[] = [];
  const frames: string[][] = [];
  const answer = (socket: Duplex, text: string): void => {
    const asked = JSON.parse(text) as Call | Call[];
    const calls = Array.isArray(asked) ? asked : [asked];
    frames.push(calls.map(({ method }) => method));
    const replies = calls.map(({ id, method, params }) => {
      const said = reply({ method, params });
      return typeof said === "string" || "whole" in said ? said : { jsonrpc: "2.0", id, ...said };
    });
    const whole = replies.find((one) => typeof one === "object" && "whole" in one);
    if (whole !== undefined) socket.write(textFrame(JSON.stringify((whole as never)["whole"])));
    else if (replies.includes("break")) socket.destroy();
    else if (!replies.includes("silent"))
      socket.write(textFrame(JSON.stringify(Array.isArray(asked) ? replies : replies[0])));
  };
  const server = createServer();
  server.on("upgrade", ({ headers }, socket) => {
    const key = `${headers["sec-websocket-key"]}${HANDSHAKE}`;
    const accept = createHash("sha1").update(key).digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
    socket.on("error", () => undefined);
    const texts = frameReader();
    socket.on("data", (bytes: Buffer) => {
      for (const text of texts(bytes)) answer(socket, text);
    });
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `ws://127.0.0.1:${address.port}`,
    connections: () => sockets.length,
    frames,
    say: (message) => {
      for (const socket of sockets) socket.write(textFrame(JSON.stringify(message)));
    },
  };
}

/** Texts of a client's frames, which are masked; other frames are passed over. */
function frameReader(): (bytes: Buffer) => string[] {
  let left = Buffer.alloc(0);
  return (bytes) => {
    left = Buffer.concat([left, bytes]);
    const texts: string[] = [];
    while (left.length >= 6) {
      const short = (left[1] ?? 0) & 0x7f;
      const head = short === 126 ? 4 : 2;
      const length = short === 126 ? left.readUInt16BE(2) : short;
      const end = head + 4 + length;
      if (left.length < end) break;
      const mask = left.subarray(head, head + 4);
      const body = left.subarray(head + 4, end).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      if (((left[0] ?? 0) & 0x0f) === 1) texts.push(Buffer.from(body).toString("utf8"));
      left = left.subarray(end);
    }
    return texts;
  };
}

/** One whole text message of up to 65,535 bytes. */
function textFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.from([0x81, 126, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([head, body]);
}
