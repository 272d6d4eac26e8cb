import type { BookRisk } from "#test/local/check/accounts/book-risk.ts";
import type { ChainHistory } from "#test/local/check/accounts/chain-history.ts";
import type { ApiAnswers } from "#test/local/check/read-api.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import type { Observation } from "#test/local/observe/observer.ts";
import type { WorldDescription } from "#test/local/world-description.ts";

/** Everything the checks and figures are computed from. */
export type Evidence = {
  readonly world: WorldDescription;
  readonly histories: readonly ChainHistory[];
  readonly final: BookRisk;
  readonly api: ApiAnswers;
  readonly staleFaults: readonly string[];
  readonly observation: Observation;
  readonly cost: Summary["hedgingCost"];
  readonly naive: Summary["naive"];
  readonly checkedAtMs: number;
};
