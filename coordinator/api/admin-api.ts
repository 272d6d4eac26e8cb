import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import { hasApiKey } from "#coordinator/api/api-key.ts";
import { parseInput, reasonSchema } from "#coordinator/api/parse-input.ts";
import { sendProblem } from "#coordinator/api/problem.ts";
import { addSafetyRoutes } from "#coordinator/api/safety-routes.ts";
import type { Operator, TransferOrder } from "#coordinator/ports/operator.ts";
import { JOB_STATES } from "#coordinator/records/jobs/job-record.ts";
import { checkedPolicySchema } from "#shared/policy/checked-policy.ts";
import type { Log } from "#shared/ports/log.ts";
import { hash32Schema } from "#shared/wire/scalars.ts";
import { TRANSFER_STATES } from "#shared/wire/transfer-line.ts";

export type AdminApiOptions = {
  readonly operator: Operator;
  readonly key: string;
  readonly log: Log;
};

const BODY_BYTES_MAX = 64 * 1024;
const LIMIT_MAX = 10_000;

const limitSchema = z.coerce.number().int().min(1).max(LIMIT_MAX).default(100);
const listQuery = z.strictObject({ limit: limitSchema });
const jobsQuery = z.strictObject({ limit: limitSchema, state: z.enum(JOB_STATES).optional() });
const transfersQuery = z.strictObject({
  limit: limitSchema,
  state: z.enum(TRANSFER_STATES).optional(),
});
const noQuery = z.strictObject({});
const planPath = z.strictObject({ planId: hash32Schema });
const transferPath = z.strictObject({ guid: hash32Schema });
const dryRunBody = z.strictObject({ policy: checkedPolicySchema.optional() });
const reasonBody = z.strictObject({ reason: reasonSchema });

/** The admin API, not yet listening. Every route but the two probes needs the key. */
export function adminApi({ operator, key, log }: AdminApiOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    // Errors before any route is found: a path that cannot be read.
    frameworkErrors: (error, _request, reply) => {
      const isLong = error.code === "FST_ERR_MAX_PARAM_LENGTH";
      const detail = isLong ? "path: a part of it is too long" : "path: cannot be decoded";
      return sendProblem(reply, "invalid-query", { detail, reasons: [detail] });
    },
  });
  // Fastify takes plain text, too.
  app.removeContentTypeParser("text/plain");
  app.setNotFoundHandler((request, reply) => {
    if (!hasApiKey(request, key)) return refuseKey(reply);
    return sendProblem(reply, "not-found", { detail: `${request.method} ${pathOf(request)}` });
  });
  app.setErrorHandler((error, request, reply) => answerError(error, { request, reply, log }));
  addProbes(app, operator);
  app.register(
    (v1, _options, done) => {
      v1.addHook("onRequest", (request, reply, next) => {
        if (hasApiKey(request, key)) next();
        else refuseKey(reply);
      });
      v1.addHook("preValidation", (request, reply, next) => {
        // Orders take nothing from the query: what is put there by mistake must not be passed over.
        if (request.method !== "POST" || isValid(noQuery, request, reply)) next();
      });
      addReads(v1, operator);
      addOrders(v1, operator);
      addTransferOrders(v1, operator);
      addDryRun(v1, operator);
      addSafetyRoutes(v1, operator);
      done();
    },
    { prefix: "/v1" },
  );
  return app;
}

function addProbes(app: FastifyInstance, operator: Operator): void {
  app.get("/livez", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const reasons = operator.notReady();
    if (reasons.length === 0) return { status: "ok" };
    return sendProblem(reply, "not-ready", { detail: reasons.join("; "), reasons });
  });
}

function addReads(v1: FastifyInstance, operator: Operator): void {
  v1.get("/risk", async (request, reply) => {
    if (!isValid(noQuery, request, reply)) return reply;
    const risk = operator.risk();
    return risk ?? sendProblem(reply, "not-ready", { detail: "no planning pass has run yet" });
  });
  v1.get("/shards", async (request, reply) => {
    return isValid(noQuery, request, reply) ? { shards: operator.shards() } : reply;
  });
  v1.get("/jobs", async (request, reply) => {
    const query = parseQuery(jobsQuery, request, reply);
    if (query === undefined) return reply;
    const { limit, state } = query;
    return { jobs: operator.jobs(state === undefined ? { limit } : { limit, state }) };
  });
  v1.get("/transfers", async (request, reply) => {
    const query = parseQuery(transfersQuery, request, reply);
    if (query === undefined) return reply;
    const { limit, state } = query;
    return { transfers: operator.transfers(state === undefined ? { limit } : { limit, state }) };
  });
  v1.get("/decisions", async (request, reply) => {
    const query = parseQuery(listQuery, request, reply);
    return query === undefined ? reply : { decisions: operator.decisions(query.limit) };
  });
  v1.get("/plans/:planId", async (request, reply) => {
    if (!isValid(noQuery, request, reply)) return reply;
    const path = parseInput(planPath, request.params, { reply, code: "invalid-query" });
    if (path === undefined) return reply;
    const detail = `no decision has the plan id ${path.planId}`;
    return operator.plan(path.planId) ?? sendProblem(reply, "not-found", { detail });
  });
  v1.get("/refused", async (request, reply) => {
    const query = parseQuery(listQuery, request, reply);
    if (query === undefined) return reply;
    const refused = operator.refusedMessages(query.limit).map(({ bodyHead, ...message }) => {
      return { ...message, bodyHeadHex: Buffer.from(bodyHead).toString("hex") };
    });
    return { refused };
  });
  v1.get("/counters", async (request, reply) => {
    return isValid(noQuery, request, reply) ? operator.counters() : reply;
  });
}

function addOrders(v1: FastifyInstance, operator: Operator): void {
  v1.post("/halt", async (request, reply) => {
    const body = parseBody(request, reply);
    return body === undefined ? reply : { mode: operator.halt(body.reason) };
  });
}

function addDryRun(v1: FastifyInstance, operator: Operator): void {
  v1.post("/plans/dry-run", async (request, reply) => {
    const body = parseInput(dryRunBody, request.body ?? {}, { reply, code: "invalid-body" });
    if (body === undefined) return reply;
    const outcome = await operator.dryRun(body.policy);
    if (outcome.ran) return { decision: outcome.decision, jobs: outcome.jobs };
    const { reasons } = outcome;
    const code = outcome.problem === "busy" ? "busy" : "invalid-body";
    return sendProblem(reply, code, { detail: reasons.join("; "), reasons });
  });
}

const TRANSFER_ORDERS = { recover: "recoverTransfer", acknowledge: "acknowledgeTransfer" } as const;

function addTransferOrders(v1: FastifyInstance, operator: Operator): void {
  for (const [name, order] of Object.entries(TRANSFER_ORDERS)) {
    v1.post(`/transfers/:guid/${name}`, async (request, reply) => {
      const path = parseInput(transferPath, request.params, { reply, code: "invalid-query" });
      if (path === undefined) return reply;
      const body = parseBody(request, reply);
      if (body === undefined) return reply;
      return answerOrder(operator[order](path.guid, body.reason), path.guid, reply);
    });
  }
}

function answerOrder(
  outcome: TransferOrder,
  guid: string,
  reply: FastifyReply,
): FastifyReply | { readonly ordered: string } {
  if (outcome.ordered) return { ordered: outcome.what };
  if (outcome.problem === "not-found")
    return sendProblem(reply, "not-found", { detail: `no transfer has the guid ${guid}` });
  return sendProblem(reply, "not-recoverable", { detail: outcome.detail });
}

function refuseKey(reply: FastifyReply): FastifyReply {
  reply.header("www-authenticate", "Bearer");
  return sendProblem(reply, "unauthorised", {
    detail: "send the key as x-api-key or as a bearer token",
  });
}

function isValid<S extends z.ZodType>(
  schema: S,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  return parseQuery(schema, request, reply) !== undefined;
}

function parseQuery<S extends z.ZodType>(
  schema: S,
  request: FastifyRequest,
  reply: FastifyReply,
): z.output<S> | undefined {
  return parseInput(schema, request.query, { reply, code: "invalid-query" });
}

function parseBody(
  request: FastifyRequest,
  reply: FastifyReply,
): z.output<typeof reasonBody> | undefined {
  return parseInput(reasonBody, request.body, { reply, code: "invalid-body" });
}

function answerError(
  error: unknown,
  {
    request,
    reply,
    log,
  }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly log: Log },
): FastifyReply {
  const code =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const status =
    typeof error === "object" && error !== null && "statusCode" in error
      ? Number(error.statusCode)
      : 500;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return sendProblem(reply, "body-too-large", { detail: `at most ${BODY_BYTES_MAX} bytes` });
  }
  if (status === 415)
    return sendProblem(reply, "unsupported-media-type", { detail: "send application/json" });
  if (status >= 400 && status < 500) {
    const detail = error instanceof Error ? error.message : "bad request";
    return sendProblem(reply, "invalid-body", { detail, reasons: [detail] });
  }
  log.error("request failed", { method: request.method, path: pathOf(request), error });
  return sendProblem(reply, "internal", { detail: "see the coordinator's log" });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}
