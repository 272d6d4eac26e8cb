/** RPC endpoints that contradicted each other; names are `rpcUrls[i] (host)`, never the whole URL. */
export type Disagreement = {
  /** Those that stood against the quorum; all that answered, when there was none. */
  readonly endpoints: readonly string[];
  readonly what: string;
  readonly atMs: number;
};

/** What the agent knows of its RPC endpoints' honesty. */
export type ReadWatch = {
  /** The last contradiction, until none was seen for a minute; null when the endpoints agree. */
  readonly disagreement: () => Disagreement | null;
  /** Endpoints whose head is further behind the others' than allowed. */
  readonly lagging: () => readonly string[];
};
