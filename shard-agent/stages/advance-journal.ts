import type { JournalState } from "#shard-agent/records/journal-entry.ts";
import { FatalError } from "#shared/errors.ts";

/**
 * What can happen to a journal entry.
 *
 * `include` means seen in a block, with or without effect; `reorg-out` that this block is no longer
 * canonical. `replace` means that another transaction with the same nonce and call and higher fees is
 * signed. `finalise` and `fail` are only said of a block at or below the finalized tag. `supersede`
 * means that somebody else's transaction, or a newer epoch, made this one pointless.
 */
export type JournalEvent =
  | "check"
  | "refuse"
  | "sign"
  | "replace"
  | "broadcast"
  | "include"
  | "reorg-out"
  | "finalise"
  | "fail"
  | "expire"
  | "supersede";

const TRANSITIONS: Readonly<
  Record<JournalState, Readonly<Partial<Record<JournalEvent, JournalState>>>>
> = {
  received: { check: "checked", refuse: "refused", expire: "expired", supersede: "superseded" },
  checked: { sign: "signed", refuse: "refused", expire: "expired", supersede: "superseded" },
  signed: {
    replace: "signed",
    broadcast: "broadcast",
    include: "included",
    expire: "expired",
    supersede: "superseded",
  },
  // The same bytes are broadcast again whenever a node may have lost them.
  broadcast: {
    replace: "signed",
    broadcast: "broadcast",
    include: "included",
    expire: "expired",
    supersede: "superseded",
  },
  included: { "reorg-out": "signed", finalise: "final", fail: "reverted" },
  final: {},
  expired: {},
  superseded: {},
  refused: {},
  reverted: {},
};

/**
 * Next state of a journal entry.
 *
 * @throws {FatalError} `unknown-transition` if the event cannot happen in this state: the journal and
 * the world disagree, and guessing could send a trade twice.
 */
export function advanceJournal(state: JournalState, event: JournalEvent): JournalState {
  const next = TRANSITIONS[state][event];
  if (next === undefined) {
    const allowed = Object.keys(TRANSITIONS[state]).join(", ") || "nothing, the state is terminal";
    throw new FatalError(
      "unknown-transition",
      `Journal state ${state}: found event ${event}; allowed: ${allowed}.`,
    );
  }
  return next;
}
