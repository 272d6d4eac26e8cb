import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { Log } from "#shared/ports/log.ts";

const BODY_BYTES_MAX = 16_384;
/** Refusals that pass by themselves. */
const TEMPORARY = new Set([
  "not-ready",
  "report-stale",
  "feed-stale",
  "vault-paused",
  "rpc-disagreement",
]);

/** What the server asks of the shard; answers as in cycles/serve-quotes.ts. */
export type QuoteDesk = {
  readonly answer: (
    body: unknown,
  ) => Promise<
    | ({ readonly kind: "quote" } & Readonly<Record<string, unknown>>)
    | { readonly kind: "refused"; readonly code: string; readonly detail: string }
    | { readonly kind: "malformed"; readonly errors: readonly string[] }
  >;
  /** Null before the first snapshot. */
  readonly series: () => object | null;
  readonly health: () => object;
};

export type QuoteServer = { readonly port: number; readonly close: () => Promise<void> };

/**
 * HTTP server of signed option quotes: `POST /v1/quotes`, `GET /v1/series`, `GET /v1/health`, `GET /livez`. Errors are
 * RFC 9457 problem documents with a stable `code`; integers of a quote are decimal strings.
 */
export async function fastifyQuoteServer(o: {
  readonly host: string;
  readonly port: number;
  readonly desk: QuoteDesk;
  readonly log: Log;
}): Promise<QuoteServer> {
  const server = fastify({ bodyLimit: BODY_BYTES_MAX, forceCloseConnections: true });
  addRoutes(server, o.desk);
  server.setNotFoundHandler((request, reply) =>
    problem(reply, {
      status: 404,
      code: "not-found",
      detail: `${request.method} ${request.url}: there is no such route`,
    }),
  );
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 503;
    if (status < 500) return problem(reply, { status, code: "bad-request", detail: error.message });
    o.log.warn("quote failed", { error });
    return problem(reply, {
      status: 503,
      code: "unavailable",
      detail: "the chain cannot be read at the moment",
    });
  });
  await server.listen({ host: o.host, port: o.port });
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : o.port;
  return { port, close: () => server.close() };
}

function addRoutes(server: FastifyInstance, desk: QuoteDesk): void {
  server.get("/livez", () => ({ status: "ok" }));
  server.get("/v1/health", () => desk.health());
  server.get("/v1/series", (_request, reply) => {
    const series = desk.series();
    if (series !== null) return reply.send(series);
    return problem(reply, {
      status: 503,
      code: "not-ready",
      detail: "the chain has not been read yet",
    });
  });
  server.post("/v1/quotes", async (request, reply) => {
    const answer = await desk.answer(request.body);
    if (answer.kind === "quote") {
      const { kind: _kind, ...quote } = answer;
      return reply.type("application/json").send(JSON.stringify(quote, bigintAsText));
    }
    if (answer.kind === "malformed") {
      const detail = answer.errors.join("; ");
      return problem(reply, { status: 400, code: "bad-request", detail, errors: answer.errors });
    }
    const status = TEMPORARY.has(answer.code) ? 503 : 409;
    return problem(reply, { status, code: answer.code, detail: answer.detail });
  });
}

function problem(
  reply: FastifyReply,
  o: { status: number; code: string; detail: string; errors?: readonly string[] },
): FastifyReply {
  const body = { type: "about:blank", title: o.code.replaceAll("-", " "), ...o };
  return reply.code(o.status).type("application/problem+json").send(JSON.stringify(body));
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
