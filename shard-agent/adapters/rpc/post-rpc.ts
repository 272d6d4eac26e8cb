import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** Sockets kept open to one endpoint; further calls wait for one. */
const SOCKETS_MAX = 32;
const BODY_MAX_BYTES = 64 * 1024 * 1024;

/** Posts a JSON-RPC body; the answer's text. Rejects when there is none in time, or its status is not 2xx. */
export type PostRpc = (body: string, o: { readonly isRepeatable: boolean }) => Promise<string>;

/**
 * {@link PostRpc} to one URL over connections that stay open: opening one, and fetch's own machinery, cost more than
 * most answers take. A connection that the endpoint closed while it was idle is not an outage: what may be sent twice
 * is sent again, once, over a new one.
 */
export function postRpc(url: string, timeoutMs: number): PostRpc {
  const target = new URL(url);
  const isTls = target.protocol === "https:";
  const options = { keepAlive: true, noDelay: true, maxSockets: SOCKETS_MAX };
  const agent = isTls ? new HttpsAgent(options) : new HttpAgent(options);
  const open = isTls ? httpsRequest : httpRequest;
  const post = (body: string): Attempt => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const request = open(target, { method: "POST", agent, headers }, (response) => {
      textOf(response).then(resolve, reject);
    });
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    request.on("error", reject).on("close", () => clearTimeout(timer));
    request.end(body);
    return { answer: promise, wasReused: () => request.reusedSocket };
  };
  return async (body, { isRepeatable }) => {
    const first = post(body);
    try {
      return await first.answer;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (!(isRepeatable && first.wasReused() && code === "ECONNRESET")) throw error;
      return post(body).answer;
    }
  };
}

type Attempt = { readonly answer: Promise<string>; readonly wasReused: () => boolean };

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_MAX_BYTES) throw new Error(`an answer above ${BODY_MAX_BYTES} bytes`);
    parts.push(part);
  }
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Error(`HTTP status ${status}`);
  return Buffer.concat(parts).toString("utf8");
}
