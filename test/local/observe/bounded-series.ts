/** A series that never holds more than its limit: when full it forgets every second entry and from then on keeps fewer. */
export type BoundedSeries<T> = {
  readonly push: (entry: T) => void;
  /** What is kept, oldest first; evenly thinned over the whole time. */
  readonly entries: () => readonly T[];
};

/** @throws {RangeError} If `limit` is below 2. */
export function boundedSeries<T>(limit: number): BoundedSeries<T> {
  if (!(limit >= 2)) throw new RangeError(`limit: ${limit}; must be at least 2`);
  let kept: T[] = [];
  let stride = 1;
  let offered = 0;
  return {
    push: (entry) => {
      if (offered % stride === 0) kept.push(entry);
      offered += 1;
      if (kept.length > limit) {
        kept = kept.filter((_, i) => i % 2 === 0);
        stride *= 2;
      }
    },
    entries: () => kept,
  };
}
