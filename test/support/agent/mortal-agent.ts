import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { JournalState } from "#shard-agent/records/journal-entry.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { RunningProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

/** An agent that dies and is started again on the same journal. */
export type MortalAgent = {
  /**
   * Starts it and waits until it was killed at a point of `test/support/runner/crash-point.ts`, or the first of several
   * parted by commas. `meanwhile` runs while it lives.
   */
  readonly killedAt: (
    point: string,
    meanwhile?: (agent: RunningProcess) => Promise<unknown>,
  ) => Promise<void>;
  /** Starts it to stay, until it takes part again; `rests` ends it in order. */
  readonly lives: () => Promise<{ readonly rests: () => Promise<void> }>;
  /** Only while it does not live: its journal is its own. */
  readonly story: () => JournalStory;
};

/** What a journal on disk says, in the order in which it was written. */
type JournalStory = {
  readonly steps: readonly { readonly id: string; readonly to: JournalState }[];
  readonly signed: readonly {
    readonly entryId: string;
    readonly hash: Hex;
    readonly nonce: number;
    readonly callHash: Hex;
  }[];
};

const DEATH_WITHIN_MS = 120_000;

/** One that `startIn` starts on the journal of a folder, with what lets it die at a point. */
export function mortalAgent(
  agentId: string,
  startIn: (o: {
    readonly folder: string;
    readonly env: Record<string, string>;
    readonly nodeArgs: readonly string[];
  }) => RunningProcess,
): MortalAgent {
  const folder = temporaryFolder();
  const nodeArgs = ["--import", "./test/support/runner/crash-point.ts"];
  const start = (crashAt: string) => startIn({ folder, env: { CRASH_AT: crashAt }, nodeArgs });
  return {
    killedAt: async (point, meanwhile = async () => undefined) => {
      const agent = start(point);
      const failure = (what: string): Error =>
        new Error(`killed at ${point}: ${what}\n${agent.output().slice(-4_000)}`);
      const death = agent.exitCode.then((code) => {
        if (code !== null) throw failure(`it ended with ${code}`);
      });
      const late = new AbortController();
      const tooLate = sleep(DEATH_WITHIN_MS, undefined, { signal: late.signal }).then(
        () => Promise.reject(failure("never came there")),
        () => undefined,
      );
      try {
        await Promise.race([Promise.all([meanwhile(agent), death]), tooLate]);
      } finally {
        late.abort();
      }
    },
    lives: async () => {
      const agent = start("none");
      await agent.printed("agent runs");
      return {
        rests: async () => {
          agent.kill("SIGTERM");
          const code = await agent.exitCode;
          if (code !== 0) throw new Error(`it ended with ${code}:\n${agent.output()}`);
        },
      };
    },
    story: () => readStory(join(folder, `${agentId}.sqlite`)),
  };
}

/** Read only: what a dead process left unfinished stays for the next one. */
function readStory(path: string): JournalStory {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const steps = database
      .prepare("SELECT id, to_state FROM transitions ORDER BY number")
      .all()
      .map((row) => ({ id: String(row["id"]), to: String(row["to_state"]) as JournalState }));
    const signed = database
      .prepare("SELECT entry_id, hash, nonce, call_hash FROM signatures ORDER BY rowid")
      .all()
      .map((row) => ({
        entryId: String(row["entry_id"]),
        hash: row["hash"] as Hex,
        nonce: Number(row["nonce"]),
        callHash: row["call_hash"] as Hex,
      }));
    return { steps, signed };
  } finally {
    database.close();
  }
}
