import type { JobRecord } from "#coordinator/records/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { ReportMessage } from "#coordinator/stages/accept-report.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import {
  JOB_RECEIPT_VERSION,
  type JobReceipt,
  jobReceiptSchema,
} from "#shared/wire/job-receipt.ts";
import { decodeMessage } from "#shared/wire/msgpack-codec.ts";
import { isSignedBy, reporterPublicKey } from "#shared/wire/signed-bytes.ts";

type ReceiptRefusal =
  | "malformed"
  | "unsupported-version"
  | "forged"
  | "unknown-agent"
  | "wrong-shard"
  | "sequence-mismatch"
  | "unknown-job";

export type ReceiptOutcome =
  | { readonly accepted: true; readonly receipt: JobReceipt; readonly job: JobRecord }
  | { readonly accepted: false; readonly reason: ReceiptRefusal; readonly detail: string };

/**
 * Decides on one receipt. An accepted one is still only a hint: it moves no capital and releases nothing.
 *
 * @param findJob The job of an id, from memory or the journal.
 */
export function acceptReceipt(
  message: ReportMessage,
  setup: ShardSetup,
  findJob: (jobId: string) => JobRecord | undefined,
): ReceiptOutcome {
  const { body, signature } = message;
  if (body === undefined || signature === undefined) {
    return refuse("malformed", `${body === undefined ? "body" : "sig"}: field is missing`);
  }
  const agent = setup.agents.find((candidate) => candidate.id === message.agent);
  if (agent === undefined)
    return refuse(
      "unknown-agent",
      `agent: found ${message.agent}; ${setup.shard} has no such agent`,
    );
  if (!isSignedBy(body, signature, reporterPublicKey(agent.reporterPublicKey))) {
    return refuse(
      "forged",
      `sig: is not the signature of agent ${agent.id} over these ${body.length} bytes`,
    );
  }
  const decoded = decode(body);
  if ("accepted" in decoded) return decoded;
  const { receipt } = decoded;
  const refusal = refuseIdentity(receipt, message, setup);
  if (refusal !== undefined) return refusal;
  const job = findJob(receipt.jobId);
  if (job === undefined)
    return refuse("unknown-job", `jobId: found ${receipt.jobId}; no job of this journal`);
  if (job.shard !== receipt.shard)
    return refuse("wrong-shard", `jobId: ${receipt.jobId} is a job of ${job.shard}`);
  return { accepted: true, receipt, job };
}

type Refused = Extract<ReceiptOutcome, { accepted: false }>;

function refuse(reason: ReceiptRefusal, detail: string): Refused {
  return { accepted: false, reason, detail };
}

function decode(body: Uint8Array): Refused | { readonly receipt: JobReceipt } {
  let value: unknown;
  try {
    value = decodeMessage(body);
  } catch (error) {
    return refuse(
      "malformed",
      `body: is not msgpack: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const version =
    typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (typeof version === "number" && version !== JOB_RECEIPT_VERSION) {
    return refuse(
      "unsupported-version",
      `version: found ${version}; must be ${JOB_RECEIPT_VERSION}`,
    );
  }
  const parsed = jobReceiptSchema.safeParse(value);
  if (parsed.success) return { receipt: parsed.data };
  return refuse("malformed", describeIssues(parsed.error, value).slice(0, 5).join("; "));
}

function refuseIdentity(
  receipt: JobReceipt,
  message: ReportMessage,
  setup: ShardSetup,
): Refused | undefined {
  if (receipt.agent !== message.agent) {
    return refuse(
      "unknown-agent",
      `agent: found ${receipt.agent}; the stream is ${message.agent}'s`,
    );
  }
  if (receipt.shard !== setup.shard) {
    return refuse("wrong-shard", `shard: found ${receipt.shard}; the stream is ${setup.shard}'s`);
  }
  if (`${receipt.seq}-0` !== message.entryId) {
    return refuse(
      "sequence-mismatch",
      `seq: found ${receipt.seq}; the stream entry is ${message.entryId}`,
    );
  }
  return undefined;
}
