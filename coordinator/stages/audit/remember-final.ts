import type { FinalBlock } from "#coordinator/records/safety/final-memory.ts";

/** So many blocks reach back for months of any chain, since their distances grow. */
const REMEMBERED_MAX = 12;

/** The newest remembered block that a chain must still have once `finalNumber` is final; undefined when there is none. */
export function mustStillHave(
  blocks: readonly FinalBlock[],
  finalNumber: number,
): FinalBlock | undefined {
  return blocks.findLast(({ number }) => number <= finalNumber);
}

/**
 * The blocks with a newer final one; those already remembered that a chain has grown past stay, the further back the
 * further apart, so that one that is restored from any older state contradicts one of them.
 */
export function rememberFinal(blocks: readonly FinalBlock[], final: FinalBlock): FinalBlock[] {
  const last = blocks.at(-1);
  if (last !== undefined && last.number >= final.number) return [...blocks];
  const all = [...blocks, { number: final.number, hash: final.hash }];
  if (all.length <= REMEMBERED_MAX) return all;
  // The one whose neighbours are closest together, measured by how long ago it was, tells least.
  const gaps = all.slice(1, -1).map((one, index) => {
    const [before, after] = [all[index], all[index + 2]];
    const gap = (after?.number ?? 0) - (before?.number ?? 0);
    return gap / (final.number - one.number);
  });
  const dropped = gaps.indexOf(Math.min(...gaps)) + 1;
  return all.filter((_, index) => index !== dropped);
}
