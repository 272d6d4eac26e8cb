import { onTestFinished } from "vitest";
import { openSqliteJournal } from "#coordinator/adapters/journal/sqlite-journal.ts";
import {
  type CoordinatorState,
  newCoordinatorState,
} from "#coordinator/cycles/coordinator-state.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { aPolicy, aShardSetup, LEADER } from "#test/support/coordinator/coordinator-pass.ts";

/** The two shards most tests have. */
export const TWO_SETUPS: ReadonlyMap<string, ShardSetup> = new Map([
  ["ethereum", aShardSetup("ethereum")],
  ["base", aShardSetup("base")],
]);
export const ONE_SETUP: ReadonlyMap<string, ShardSetup> = new Map([["base", aShardSetup("base")]]);

/** State of a coordinator that has just started: it leads nothing, has heard nothing and has nothing in flight. */
export function freshState(
  setups: ReadonlyMap<string, ShardSetup>,
  o: { readonly policy?: Policy; readonly shadow?: boolean } = {},
): CoordinatorState {
  const { policy = aPolicy(), shadow = false } = o;
  return newCoordinatorState({ setups, policy, leader: LEADER, shadow });
}

/** The real journal, in memory; closed when the test ends, if not by the test itself. */
export function freshJournal(): ReturnType<typeof openSqliteJournal> {
  const journal = openSqliteJournal(":memory:");
  let isOpen = true;
  const close = (): void => {
    if (isOpen) journal.close();
    isOpen = false;
  };
  onTestFinished(close);
  return { ...journal, close };
}
