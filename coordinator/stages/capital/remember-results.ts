/** What was asked of one object, and what came of it. */
type Kept<Result> = { readonly parts: readonly unknown[]; readonly result: Result };

/** Different questions about one object that are kept at once; the oldest goes. */
const KEPT_MAX = 8;

/**
 * Keeps what a pure function came to for as long as the object lives that it is about. Asked again with the same parts,
 * every one of them the very same object or value, it answers without working it out: a pass asks the same of a shard
 * dozens of times, for each plan it compares. Neither the object, nor a part, nor a result may be changed by anybody.
 */
export function rememberResults<About extends object, Result>(): (
  about: About,
  parts: readonly unknown[],
  work: () => Result,
) => Result {
  const keptBy = new WeakMap<About, Kept<Result>[]>();
  return (about, parts, work) => {
    const kept = keptBy.get(about) ?? [];
    const known = kept.find((one) => isSame(one.parts, parts));
    if (known !== undefined) return known.result;
    const result = work();
    kept.push({ parts, result });
    if (kept.length > KEPT_MAX) kept.shift();
    keptBy.set(about, kept);
    return result;
  };
}

function isSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((one, index) => Object.is(one, right[index]));
}
