/** What an agent's newest word of a job says of the race for it. */
type RaceFate = {
  readonly seq: number;
  /** Gas in wei; null when the agent did not lose the job to another transaction. */
  readonly lostWei: bigint | null;
};

/** Jobs that one agent paid gas for and another transaction did. */
export type RaceCount = {
  readonly count: number;
  readonly gasCostWei: bigint;
  /** By job, for as many of the newest as a receipt can come again of; the oldest first. */
  readonly fates: ReadonlyMap<string, RaceFate>;
};

export const NO_RACES: RaceCount = { count: 0, gasCostWei: 0n, fates: new Map() };
