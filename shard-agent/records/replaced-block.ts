import type { Hex } from "#shared/units/ids.ts";

/** A final block in which something of the journal ended, and what the chain has in its place now. */
export type ReplacedBlock = {
  /** Of the journal. */
  readonly entryId: string;
  readonly blockNumber: number;
  readonly was: Hex;
  readonly found: Hex;
  readonly atMs: number;
};

/** One line for logs, refusals and the health page. */
export function describeReplaced({ entryId, blockNumber, was, found }: ReplacedBlock): string {
  return `block ${blockNumber} was final with hash ${was}, in which ${entryId} ended; now ${found} is in its place`;
}
