import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { parseInput, reasonSchema } from "#coordinator/api/parse-input.ts";
import { sendProblem } from "#coordinator/api/problem.ts";
import type { Operator, ShardOrderOutcome } from "#coordinator/ports/operator.ts";
import { shardIdSchema } from "#shared/wire/scalars.ts";

const limitQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
});
const shardPath = z.strictObject({ shard: shardIdSchema });
const resumeBody = z.strictObject({ reason: reasonSchema, shard: shardIdSchema.optional() });
const reasonBody = z.strictObject({ reason: reasonSchema });
const drainBody = z.strictObject({ reason: reasonSchema, target: shardIdSchema.optional() });

/** Breakers, quarantines and orders about single shards: reading them and giving orders. */
export function addSafetyRoutes(v1: FastifyInstance, operator: Operator): void {
  v1.get("/breakers", async (request, reply) => {
    const query = parseInput(limitQuery, request.query, { reply, code: "invalid-query" });
    return query === undefined ? reply : operator.safety(query.limit);
  });
  v1.post("/resume", async (request, reply) => {
    const body = parseInput(resumeBody, request.body, { reply, code: "invalid-body" });
    if (body === undefined) return reply;
    const outcome = operator.resume(body.reason, body.shard);
    return outcome ?? unknownShard(reply, body.shard ?? "");
  });
  addShardOrder(v1, "flatten", reasonBody, (shard, { reason }) =>
    operator.orderShard(shard, { kind: "flatten", reason, target: null }),
  );
  addShardOrder(v1, "drain", drainBody, (shard, { reason, target = null }) =>
    operator.orderShard(shard, { kind: "drain", reason, target }),
  );
  addShardOrder(v1, "release", reasonBody, (shard, { reason }) =>
    operator.releaseShard(shard, reason),
  );
}

function addShardOrder<S extends z.ZodType>(
  v1: FastifyInstance,
  name: string,
  schema: S,
  give: (shard: string, body: z.output<S>) => ShardOrderOutcome,
): void {
  v1.post(`/shards/:shard/${name}`, async (request, reply) => {
    const path = parseInput(shardPath, request.params, { reply, code: "invalid-query" });
    if (path === undefined) return reply;
    const body = parseInput(schema, request.body, { reply, code: "invalid-body" });
    if (body === undefined) return reply;
    const outcome = give(path.shard, body);
    if (outcome.ordered) return { shard: path.shard, order: outcome.order };
    if (outcome.problem === "not-found") return unknownShard(reply, path.shard);
    const { detail } = outcome;
    return sendProblem(reply, "invalid-body", { detail, reasons: [detail] });
  });
}

function unknownShard(reply: FastifyReply, shard: string): FastifyReply {
  return sendProblem(reply, "not-found", { detail: `no shard has the id ${shard}` });
}
