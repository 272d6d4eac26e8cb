import type { FastifyReply } from "fastify";
import { z } from "zod";
import { type ProblemCode, sendProblem } from "#coordinator/api/problem.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";

/** Why a person orders something: 3 to 500 characters. */
export const reasonSchema = z.string().trim().min(3).max(500);

/** The checked value, or undefined after a problem was sent that lists every wrong field. */
export function parseInput<S extends z.ZodType>(
  schema: S,
  input: unknown,
  { reply, code }: { readonly reply: FastifyReply; readonly code: ProblemCode },
): z.output<S> | undefined {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const reasons = describeIssues(result.error, input);
  sendProblem(reply, code, { detail: reasons.join("; "), reasons });
  return undefined;
}
