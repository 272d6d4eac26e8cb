import type { Journal, RefusedMessage } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { isUnresolvedJob, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import type { DecisionRecord } from "#coordinator/records/planning/decision-record.ts";
import type { ManualHalt } from "#coordinator/records/safety/manual-halt.ts";
import {
  NEW_SAFETY,
  type SafetyEvent,
  type SafetyMemory,
} from "#coordinator/records/safety/safety-memory.ts";
import type { ProvedReport } from "#coordinator/records/safety/shard-trust.ts";

/** What a coordinator wrote to disk; outlives its processes. */
export type CoordinatorDisk = Journal & {
  readonly allJobs: () => readonly JobRecord[];
  readonly allDecisions: () => readonly DecisionRecord[];
  /** A copy as a standby has it: later writes of one do not show in the other. */
  readonly copy: () => CoordinatorDisk;
};

type Tables = {
  readonly decisions: DecisionRecord[];
  readonly jobs: Map<string, JobRecord>;
  readonly books: Map<string, BookEntry>;
  readonly transfers: Map<string, TransferRecord>;
  readonly seqs: Map<string, number>;
  readonly refused: RefusedMessage[];
  readonly halts: { halt: ManualHalt | undefined };
  readonly safety: {
    memory: SafetyMemory;
    readonly events: SafetyEvent[];
    readonly proofs: Map<string, ProvedReport>;
  };
};

const REFUSED_KEPT_MAX = 100;

/** As adapters/sqlite-journal.ts, without the file. */
export function newCoordinatorDisk(tables: Tables = emptyTables()): CoordinatorDisk {
  const { jobs, decisions, halts, safety } = tables;
  const newestFirst = (): JobRecord[] => [...jobs.values()].reverse();
  return {
    allJobs: () => [...jobs.values()],
    allDecisions: () => decisions,
    copy: () => newCoordinatorDisk(copyOf(tables)),
    decisions: {
      nextSequence: () => (decisions.at(-1)?.sequence ?? 0) + 1,
      record: (decision, recorded) => {
        decisions.push(decision);
        for (const job of recorded) jobs.set(job.jobId, job);
      },
      list: (limit) => decisions.toReversed().slice(0, limit),
      find: (planId) => decisions.find((decision) => decision.planId === planId),
      count: () => decisions.length,
    },
    jobs: {
      update: (job) => void jobs.set(job.jobId, job),
      unresolved: () => [...jobs.values()].filter(isUnresolvedJob),
      find: (jobId) => jobs.get(jobId),
      list: ({ limit, state }) =>
        newestFirst()
          .filter((job) => state === undefined || job.state === state)
          .slice(0, limit),
      countByState: () => {
        const counts: Partial<Record<JobRecord["state"], number>> = {};
        for (const job of jobs.values()) counts[job.state] = (counts[job.state] ?? 0) + 1;
        return counts;
      },
    },
    messages: messageTable(tables),
    transfers: transferTable(tables),
    halts: {
      current: () => halts.halt,
      halt: (halt) => {
        halts.halt = halt;
      },
      resume: () => {
        halts.halt = undefined;
      },
    },
    safety: {
      load: () => ({ readable: true, memory: safety.memory }),
      save: (memory, events) => {
        safety.memory = memory;
        safety.events.push(...events);
      },
      proofs: () => [...safety.proofs.values()],
      keepProof: (proof) => void safety.proofs.set(proof.entry.report.shard, proof),
      events: (limit) => safety.events.toReversed().slice(0, limit),
    },
  };
}

function transferTable({ transfers }: Tables): Journal["transfers"] {
  const newestFirst = (): TransferRecord[] => [...transfers.values()].reverse();
  return {
    update: (record) => void transfers.set(record.guid, record),
    open: () => [...transfers.values()].filter((record) => !record.isClosed),
    find: (guid) => transfers.get(guid),
    ofRecovery: (id) =>
      newestFirst().find(({ recoveries }) => recoveries.some((one) => one.recoveryId === id)),
    list: ({ limit, state }) =>
      newestFirst()
        .filter((record) => state === undefined || record.state === state)
        .slice(0, limit),
    countByState: () => {
      const counts: Partial<Record<TransferRecord["state"], number>> = {};
      for (const { state } of transfers.values()) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    },
  };
}

function messageTable({ books, seqs, refused }: Tables): Journal["messages"] {
  return {
    keep: (accepted, refusals) => {
      for (const entry of accepted) {
        const { shard, agent, seq } = entry.report;
        books.set(shard, entry);
        seqs.set(`${shard}/${agent}`, Math.max(seq, seqs.get(`${shard}/${agent}`) ?? 0));
      }
      refused.push(...refusals);
      refused.splice(0, Math.max(0, refused.length - REFUSED_KEPT_MAX));
    },
    lastEntries: () => [...books.values()],
    lastSeqs: () => new Map(seqs),
    refused: (limit) => refused.toReversed().slice(0, limit),
  };
}

function emptyTables(): Tables {
  return {
    decisions: [],
    jobs: new Map(),
    books: new Map(),
    transfers: new Map(),
    seqs: new Map(),
    refused: [],
    halts: { halt: undefined },
    safety: { memory: NEW_SAFETY, events: [], proofs: new Map() },
  };
}

function copyOf(tables: Tables): Tables {
  return {
    decisions: [...tables.decisions],
    jobs: new Map(tables.jobs),
    books: new Map(tables.books),
    transfers: new Map(tables.transfers),
    seqs: new Map(tables.seqs),
    refused: [...tables.refused],
    halts: { ...tables.halts },
    safety: {
      memory: tables.safety.memory,
      events: [...tables.safety.events],
      proofs: new Map(tables.safety.proofs),
    },
  };
}
