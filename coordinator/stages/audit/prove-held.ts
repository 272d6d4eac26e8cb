import type { MessageFate } from "#coordinator/records/jobs/message-fate.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { differ, type Mismatch } from "#coordinator/stages/audit/differ.ts";
import type { SentTransfer } from "#shared/wire/transfer-line.ts";

/** What the chains of a message say of the word that it is lost or held. */
export type HeldVerdict =
  | { readonly verdict: "proved" }
  | {
      readonly verdict: "refuted";
      /** The shard whose word it was. */
      readonly liar: string;
      readonly mismatch: Mismatch;
    };

/** Payload hash the endpoint keeps for a message that must be verified anew. */
const NILIFIED_HASH = `0x${"f".repeat(64)}`;

/**
 * Whether a message is lost or held as its target says. The target's endpoint must show it, and the source's endpoint
 * must have sent the very message that the source told of: with another payload or path, what waits at the target is
 * no other message.
 *
 * @param sent What the source's endpoint sent under its guid; undefined when nothing.
 */
export function proveHeld(
  record: TransferRecord,
  sent: SentTransfer | undefined,
  fate: MessageFate,
): HeldVerdict {
  const { guid, shard, target, state } = record;
  const what = `transfer ${guid}`;
  for (const field of ["payloadHash", "nonce", "sender", "dstEid"] as const) {
    const found = sent?.[field] ?? "nothing sent";
    const mismatch = differ(`${what} ${field}`, record[field], found);
    if (mismatch !== undefined) return { verdict: "refuted", liar: shard, mismatch };
  }
  if (shows(record, fate)) return { verdict: "proved" };
  const found = `${what} ${describe(record, fate)}`;
  const mismatch = { said: `${what} ${state}`, found };
  return { verdict: "refuted", liar: target ?? shard, mismatch };
}

function shows({ state, payloadHash }: TransferRecord, fate: MessageFate): boolean {
  const { committedHash, isPast, isCredited } = fate;
  switch (state) {
    case "nilified":
      return committedHash === NILIFIED_HASH;
    case "wrong-payload":
      return ![null, NILIFIED_HASH, payloadHash].includes(committedHash);
    case "skipped":
    case "burnt":
    case "cleared-or-silent":
      return committedHash === null && isPast && !isCredited;
    default:
      return false;
  }
}

function describe({ payloadHash }: TransferRecord, fate: MessageFate): string {
  const { committedHash, isPast, isCredited } = fate;
  if (isCredited) return "credited";
  if (committedHash === NILIFIED_HASH) return "nilified";
  if (committedHash === payloadHash) return "waiting to be delivered";
  if (committedHash !== null) return `waiting with payload ${committedHash}`;
  return isPast ? "gone without a credit" : "not verified yet";
}
