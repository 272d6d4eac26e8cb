import type { BookRisk } from "#test/local/check/accounts/book-risk.ts";
import type { ChainHistory } from "#test/local/check/accounts/chain-history.ts";
import type { ApiAnswers } from "#test/local/check/read-api.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import type { Observation } from "#test/local/observe/observer.ts";
import type { WorldDescription } from "#test/local/world-description.ts";

/** What may fail to be read: a chain at all, its events, its final state, the blocks of jobs' reports, what hedging cost. */
export type Part = "chain" | "history" | "state" | "reports" | "cost";

/** A part that could not be read, of one shard or of all, and why. */
export type Unread = { readonly part: Part; readonly why: string };

/** Everything the checks and figures are computed from. */
export type Evidence = {
  readonly world: WorldDescription;
  /** Of the chains that could be read. */
  readonly histories: readonly ChainHistory[];
  /** Null when it could not be read, as are cost and naive. */
  readonly final: BookRisk | null;
  readonly api: ApiAnswers;
  readonly staleFaults: readonly string[];
  readonly observation: Observation;
  readonly cost: Summary["hedgingCost"];
  readonly naive: Summary["naive"];
  readonly unread: readonly Unread[];
  readonly checkedAtMs: number;
};
