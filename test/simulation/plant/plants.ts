/** Faults of the product that a run can be given on purpose: an invariant has to report each of them. */
export const PLANTS = [
  /** The vault takes a mandate as often as it comes. */
  "vault-takes-twice",
  /** The next nonce is what the chain says, whatever the journal has open. */
  "nonce-from-chain",
  /** An agent's restart finds all but the last thing it wrote. */
  "journal-loses-last-write",
  /** An agent goes on before what it wrote is on disk. */
  "journal-writes-late",
  /** One job id with two sets of parameters, and an agent that does not look. */
  "job-id-reused",
  /** An agent calls final what is in a block. */
  "agent-takes-head-for-final",
  /** The coordinator calls final what is in a block. */
  "coordinator-takes-head-for-final",
  /** What the first of several endpoints says is taken for true. */
  "one-endpoint-is-believed",
  /** An agent goes on while its endpoints contradict each other. */
  "contradiction-is-ignored",
  /** Trades of perpetuals in flight are not thought of. */
  "perpetuals-forgotten-in-flight",
  /** A job counts as done once an agent says that a block has it. */
  "settled-by-receipt",
  /** Once the solver has answered, plans are compared with the penalties of the policy turned round. */
  "worse-plan-is-taken",
  /** What agents refuse is not counted. */
  "refusals-forgotten",
  /** The desk takes no notice of its caps. */
  "desk-ignores-caps",
  /** An agent does not say what is left of the caps. */
  "caps-not-reported",
  /** An agent counts what it holds at the option market as cash there as well. */
  "premium-counted-twice",
  /** An agent goes on reporting a perpetual position that strangers have closed. */
  "liquidated-position-kept",
  /** An agent takes funding that its account owes for funding it is owed. */
  "funding-sign-wrong",
] as const;

export type Plant = (typeof PLANTS)[number];
export type Plants = ReadonlySet<Plant>;
