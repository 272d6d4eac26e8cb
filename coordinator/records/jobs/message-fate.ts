import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import type { Hex } from "#shared/units/ids.ts";

/** What names a message at the chain it goes to. */
export type MessagePath = Pick<TransferRecord, "guid" | "srcEid" | "sender" | "nonce">;

/** What a chain keeps of a message that goes to it. */
export type MessageFate = {
  /** Payload hash that is kept for its nonce; null when none is. */
  readonly committedHash: Hex | null;
  /** True when its nonce counts as executed, cleared or skipped. */
  readonly isPast: boolean;
  /** True when the token credited our vault for it. */
  readonly isCredited: boolean;
};
