import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import {
  type AgentMessage,
  type MessageRefusal,
  openMessage,
} from "#coordinator/stages/messages/open-message.ts";
import { compileSchema } from "#shared/wire/compile-schema.ts";
import {
  JOB_RECEIPT_VERSION,
  type JobReceipt,
  jobReceiptSchema,
} from "#shared/wire/job-receipt.ts";

const RECEIPT_WIRE = { schema: compileSchema(jobReceiptSchema), version: JOB_RECEIPT_VERSION };

type ReceiptRefusal = MessageRefusal | "sequence-mismatch" | "unknown-job";

/** What a receipt may be about: a job of a mandate, or a call that helps a message on. */
export type ReceiptSubject =
  | { readonly kind: "job"; readonly shard: string; readonly job: JobRecord }
  | { readonly kind: "recovery"; readonly shard: string };

export type ReceiptOutcome =
  | { readonly accepted: true; readonly receipt: JobReceipt; readonly subject: ReceiptSubject }
  | { readonly accepted: false; readonly reason: ReceiptRefusal; readonly detail: string };

/**
 * Decides on one receipt. An accepted one is still only a hint: it moves no capital and releases nothing.
 *
 * @param find What has this id, from memory or the journal.
 */
export function acceptReceipt(
  message: AgentMessage,
  setup: ShardSetup,
  find: (id: string) => ReceiptSubject | undefined,
): ReceiptOutcome {
  const opened = openMessage(message, setup, RECEIPT_WIRE);
  if (!opened.opened) return refuse(opened.reason, opened.detail);
  const receipt = opened.content;
  if (`${receipt.seq}-0` !== message.entryId) {
    const where = `the stream entry is ${message.entryId}`;
    return refuse("sequence-mismatch", `seq: found ${receipt.seq}; ${where}`);
  }
  const subject = find(receipt.jobId);
  if (subject === undefined)
    return refuse("unknown-job", `jobId: found ${receipt.jobId}; no job of this journal`);
  if (subject.shard !== receipt.shard)
    return refuse("wrong-shard", `jobId: ${receipt.jobId} is a job of ${subject.shard}`);
  return { accepted: true, receipt, subject };
}

type Refused = Extract<ReceiptOutcome, { accepted: false }>;

function refuse(reason: ReceiptRefusal, detail: string): Refused {
  return { accepted: false, reason, detail };
}
