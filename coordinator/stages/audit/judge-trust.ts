import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobOutcome } from "#coordinator/records/jobs/job-outcome.ts";
import {
  type DistrustKind,
  type Evidence,
  notSeen,
  type ShardTrust,
  TRUSTED,
} from "#coordinator/records/safety/shard-trust.ts";
import type { Mismatch } from "#coordinator/stages/audit/differ.ts";
import type { QuarantinePolicy } from "#shared/policy/safety-policy.ts";

/** What one look at a shard's newest report came to. */
export type TrustLook = {
  readonly entry: BookEntry;
  /**
   * What its chain says otherwise; `proved` when nothing, `partly` when nothing that could be seen, `unproven` when the
   * chain does not have its block.
   */
  readonly chain: Mismatch | "proved" | "partly" | "unproven";
  /** Parts of its chain that could not be seen. */
  readonly unseen: Iterable<string>;
  /** What does not follow from its own book and market. */
  readonly figures: Mismatch | undefined;
  /** What another agent says of the same block. */
  readonly replicas: Mismatch | undefined;
  /** What became of its newest jobs, oldest first. */
  readonly outcomes: readonly JobOutcome[];
};

export type TrustChange = {
  readonly trust: ShardTrust;
  /** A quarantine that began or ended with this look. */
  readonly began: DistrustKind | undefined;
  readonly ended: DistrustKind | undefined;
};

/** Pieces of evidence kept of one shard. */
const EVIDENCE_MAX = 20;

/**
 * A shard's trust after one look at it. A lie about the chain, or two agents that contradict each other,
 * quarantine at once; wrong figures, unknown blocks and sickness only when they last. It is believed again
 * after `honestReportsMin` proved reports in a row, and `holdMs` after it began; one of which not all could be seen neither
 * counts as honest nor against it.
 *
 * @param trusted The book to carry while it is quarantined.
 */
export function judgeTrust(
  before: ShardTrust,
  look: TrustLook,
  o: {
    readonly policy: QuarantinePolicy;
    readonly nowMs: number;
    readonly trusted: BookEntry | null;
  },
): TrustChange {
  const doubts = doubtsOf(before, look, o);
  const isUndoubted = look.figures === undefined && doubts.length === 0;
  const isClean = look.chain === "proved" && isUndoubted;
  const isOpen = look.chain === "partly" && isUndoubted;
  const counted: ShardTrust = {
    ...before,
    wrongInRow: look.figures === undefined ? 0 : before.wrongInRow + 1,
    honestInRow: isClean ? before.honestInRow + 1 : isOpen ? before.honestInRow : 0,
    unseen: notSeen(before.unseen, look.unseen, o.nowMs),
    unwellSinceMs: unwellSince(before, look, o.nowMs),
    unprovenSinceMs: look.chain === "unproven" ? (before.unprovenSinceMs ?? o.nowMs) : null,
    evidence: withEvidence(before.evidence, look, doubts, o.nowMs),
  };
  const [doubt] = doubts;
  if (before.quarantine === null) {
    if (doubt === undefined) return { trust: counted, began: undefined, ended: undefined };
    const { kind, detail } = doubt;
    const quarantine = { sinceMs: o.nowMs, kind, detail, trusted: o.trusted };
    return { trust: { ...counted, quarantine }, began: kind, ended: undefined };
  }
  const { sinceMs, kind } = before.quarantine;
  const isOver =
    counted.honestInRow >= o.policy.honestReportsMin && o.nowMs - sinceMs >= o.policy.holdMs;
  if (isOver) {
    const { evidence, unseen } = counted;
    const trust = { ...TRUSTED, evidence, unseen, clearedAtMs: o.nowMs };
    return { trust, began: undefined, ended: kind };
  }
  // What the chain itself has proved is its book, whoever said it.
  const trusted = look.chain === "proved" ? look.entry : before.quarantine.trusted;
  const quarantine = { ...before.quarantine, trusted };
  return { trust: { ...counted, quarantine }, began: undefined, ended: undefined };
}

type Doubt = { readonly kind: DistrustKind; readonly detail: string };

function doubtsOf(
  before: ShardTrust,
  look: TrustLook,
  { policy, nowMs }: { readonly policy: QuarantinePolicy; readonly nowMs: number },
): Doubt[] {
  const { chain, figures, replicas } = look;
  const doubts: Doubt[] = [];
  if (typeof chain === "object")
    doubts.push({ kind: "chain-mismatch", detail: "its report is not what its chain says" });
  if (replicas !== undefined)
    doubts.push({
      kind: "replicas-disagree",
      detail: "two agents say different things of one block",
    });
  if (figures !== undefined && before.wrongInRow + 1 >= policy.wrongReportsMax)
    doubts.push({ kind: "wrong-figures", detail: "its figures do not follow from its own book" });
  const unprovenMs = nowMs - (before.unprovenSinceMs ?? nowMs);
  if (chain === "unproven" && unprovenMs >= policy.unprovenMaxMs)
    doubts.push({ kind: "unproven", detail: "its chain does not have the blocks it names" });
  const unwellMs = nowMs - (unwellSince(before, look, nowMs) ?? nowMs);
  if (unwellMs >= policy.sickAfterMs && unwellMs > 0)
    doubts.push({ kind: "sick", detail: "its agent has taken no jobs for too long" });
  if (failuresInRow(before, look) >= policy.failedJobsMax)
    doubts.push({ kind: "sick", detail: "its jobs came to nothing again and again" });
  return doubts;
}

function unwellSince(
  before: ShardTrust,
  { entry }: Pick<TrustLook, "entry">,
  nowMs: number,
): number | null {
  return entry.report.health.acceptsJobs ? null : (before.unwellSinceMs ?? nowMs);
}

/** Jobs in a row, the newest last, that came to nothing since the shard was cleared; idle cash left where it is does not count. */
function failuresInRow(before: ShardTrust, { entry, outcomes }: TrustLook): number {
  const own = outcomes.filter((one) => {
    const isOwn = one.shard === entry.report.shard && one.atMs > before.clearedAtMs;
    return isOwn && !one.isIdleCash;
  });
  const lastDone = own.findLastIndex((one) => one.isDone);
  return own.length - 1 - lastDone;
}

function withEvidence(
  before: readonly Evidence[],
  look: TrustLook,
  doubts: readonly Doubt[],
  nowMs: number,
): Evidence[] {
  const { agent, block } = look.entry.report;
  const at = `block ${block.number} ${block.hash}`;
  const evidence = (kind: DistrustKind, { said, found }: Mismatch): Evidence[] => [
    { atMs: nowMs, kind, agent, said: `${at}: ${said}`, found },
  ];
  const found = [
    ...(typeof look.chain === "object" ? evidence("chain-mismatch", look.chain) : []),
    ...(look.figures === undefined ? [] : evidence("wrong-figures", look.figures)),
    ...(look.replicas === undefined ? [] : evidence("replicas-disagree", look.replicas)),
    ...doubts
      .filter(({ kind }) => kind === "sick" || kind === "unproven")
      .flatMap(({ kind, detail }) => {
        return evidence(kind, { said: look.entry.report.health.reasons.join(", "), found: detail });
      }),
  ];
  return [...before, ...found].slice(-EVIDENCE_MAX);
}

/** What two reports of the same block say differently of what that block fixes; undefined when nothing. */
export function contradiction(one: BookEntry, other: BookEntry): Mismatch | undefined {
  const [said, found] = [one.report, other.report];
  if (said.agent === found.agent || said.block.hash !== found.block.hash) return undefined;
  for (const field of ["chain", "collateral", "book", "perps"] as const) {
    const [left, right] = [JSON.stringify(said[field]), JSON.stringify(found[field])];
    if (left === right) continue;
    return {
      said: `${said.agent}: ${head(left, right)}`,
      found: `${found.agent}: ${head(right, left)}`,
    };
  }
  return undefined;
}

/** The part of a text from a little before where it leaves another one. */
function head(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at += 1;
  return text.slice(Math.max(0, at - 40), at + 80);
}
