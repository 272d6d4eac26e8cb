import type { FastifyReply } from "fastify";

/** Codes of problem documents; stable, documented in docs/protocol.md. */
export type ProblemCode =
  | "unauthorised"
  | "invalid-query"
  | "invalid-body"
  | "body-too-large"
  | "unsupported-media-type"
  | "not-found"
  | "not-recoverable"
  | "busy"
  | "not-ready"
  | "internal";

const TITLES: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  unauthorised: { status: 401, title: "API key missing or wrong" },
  "invalid-query": { status: 400, title: "Query is not valid" },
  "invalid-body": { status: 400, title: "Body is not valid" },
  "body-too-large": { status: 413, title: "Body is too large" },
  "unsupported-media-type": { status: 415, title: "Body must be application/json" },
  "not-found": { status: 404, title: "No such resource" },
  "not-recoverable": { status: 409, title: "Nothing that may be ordered would help" },
  busy: { status: 409, title: "Already on" },
  "not-ready": { status: 503, title: "Not ready" },
  internal: { status: 500, title: "Internal error" },
};

/** Sends an RFC 9457 problem document. */
export function sendProblem(
  reply: FastifyReply,
  code: ProblemCode,
  more: { readonly detail: string; readonly reasons?: readonly string[] },
): FastifyReply {
  const { status, title } = TITLES[code];
  return reply
    .status(status)
    .header("content-type", "application/problem+json")
    .send(JSON.stringify({ type: `urn:riskshard:problem:${code}`, title, status, code, ...more }));
}
