import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";

/** True when the request carries the key in `x-api-key` or as a bearer token; compared in constant time. */
export function hasApiKey(request: FastifyRequest, key: string): boolean {
  const given = givenKey(request);
  return given !== undefined && timingSafeEqual(digest(given), digest(key));
}

function givenKey(request: FastifyRequest): string | undefined {
  const header = request.headers["x-api-key"];
  if (typeof header === "string") return header;
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "");
  return bearer?.[1];
}

/** Digests have one length, so that comparing tells nothing about the key's. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
