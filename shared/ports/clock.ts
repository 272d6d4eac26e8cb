/** Where the time comes from. Stages never read it; cycles pass `nowMs` in. */
export type Clock = {
  /** Wall-clock time in Unix milliseconds. */
  readonly nowMs: () => number;
};
