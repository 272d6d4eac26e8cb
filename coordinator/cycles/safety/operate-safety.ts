import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { keepSafety, type SafetyPorts } from "#coordinator/cycles/safety/keep-safety.ts";
import type { BreakerView, Operator, SafetyView } from "#coordinator/ports/operator.ts";
import {
  type BreakerState,
  GLOBAL_SCOPE,
  levelOf,
} from "#coordinator/records/safety/breaker-state.ts";
import type { SafetyEvent, SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";
import { TRUSTED } from "#coordinator/records/safety/shard-trust.ts";
import { forgetRefusals } from "#coordinator/stages/safety/count-refusals.ts";
import { globalLevel } from "#coordinator/stages/safety/judge-breakers.ts";
import { resumeBreaker } from "#coordinator/stages/safety/step-breaker.ts";
import { forgiveLosses } from "#coordinator/stages/safety/track-capital.ts";
import type { BreakerKind } from "#shared/policy/safety-policy.ts";
import type { Clock } from "#shared/ports/clock.ts";

export type OperateSafetyPorts = SafetyPorts & { readonly clock: Clock };

type SafetyOperator = Pick<Operator, "safety" | "resume" | "orderShard" | "releaseShard">;

/** What people see and order of breakers, quarantines and single shards. Orders are on disk when the call returns. */
export function operateSafety(state: CoordinatorState, ports: OperateSafetyPorts): SafetyOperator {
  const { journal, clock } = ports;
  return {
    safety: (limit) => safetyView(state, journal.safety.events(limit)),
    resume: (reason, shard) => {
      if (shard !== undefined && !state.setups.has(shard)) return undefined;
      resume(state, ports, { reason, shard });
      return { mode: modeNow(state) };
    },
    orderShard: (shard, order) => {
      const { target } = order;
      if (!state.setups.has(shard)) return { ordered: false, problem: "not-found" };
      const others = [...state.setups.keys()].filter((one) => one !== shard);
      if (target !== null && !others.includes(target)) {
        const allowed = others.map((one) => JSON.stringify(one)).join(", ");
        const detail = `target: must be one of ${allowed}; found ${JSON.stringify(target)}`;
        return { ordered: false, problem: "bad-target", detail };
      }
      const nowMs = clock.nowMs();
      const known = state.safety.orders[shard];
      // The same order again is the same order: it keeps its beginning and leaves no second event.
      const isSame =
        known?.kind === order.kind && known.target === target && known.reason === order.reason;
      const placed = isSame ? known : { ...order, sinceMs: nowMs };
      if (!isSame) {
        const change = { orders: { ...state.safety.orders, [shard]: placed } };
        const { kind, reason } = order;
        const event = { type: "order", atMs: nowMs, shard, order: kind, target, reason } as const;
        keepSafety(state, ports, { change, events: [event], nowMs });
      }
      return { ordered: true, order: placed };
    },
    releaseShard: (shard, reason) => {
      if (!state.setups.has(shard)) return { ordered: false, problem: "not-found" };
      release(state, ports, { shard, reason });
      return { ordered: true, order: null };
    },
  };
}

const LOSSES: readonly BreakerKind[] = [
  "lossVelocity",
  "drawdown",
  "shardLossVelocity",
  "shardDrawdown",
];

/**
 * Lifts halts: a person's, an invariant's and breakers'; of one shard, only its own breakers'. Trades that are paused for
 * refusals are tried again at once.
 */
function resume(
  state: CoordinatorState,
  ports: OperateSafetyPorts,
  { reason, shard }: { readonly reason: string; readonly shard: string | undefined },
): void {
  const { journal, clock, log } = ports;
  const nowMs = clock.nowMs();
  if (shard === undefined) {
    journal.halts.resume({ reason, atMs: nowMs });
    state.manualHalt = undefined;
    state.brokenInvariant = undefined;
  }
  log.warn("resumed by an operator", { reason, shard });
  const isMeant = ({ scope }: BreakerState): boolean =>
    shard === undefined || scope === `shard:${shard}`;
  const forgiven: string[] = [];
  const events: SafetyEvent[] = [];
  const breakers = Object.entries(state.safety.breakers).map(([key, one]) => {
    if (!isMeant(one) || levelOf(one) === "run") return [key, one] as const;
    if (LOSSES.includes(one.kind)) forgiven.push(one.scope);
    const rule = state.policy.breakers[one.kind];
    const step = resumeBreaker(one, { rule, nowMs, reason });
    if (step.event !== undefined) events.push({ type: "breaker", ...step.event });
    return [key, step.state] as const;
  });
  const ledger = forgiveLosses(state.safety.ledger, forgiven);
  const finality = shard === undefined ? mended(state, events, { reason, nowMs }) : {};
  const change: Partial<SafetyMemory> = {
    breakers: Object.fromEntries(breakers),
    ledger,
    refusals: { ...forgetRefusals(state.safety.refusals, { shard, nowMs }) },
    ...finality,
  };
  keepSafety(state, ports, { change, events, nowMs, isOrdered: true });
}

/** What a person has seen of replaced final blocks, and goes on from: the chains as they were found then. */
function mended(
  { safety }: CoordinatorState,
  events: SafetyEvent[],
  { reason, nowMs: atMs }: { readonly reason: string; readonly nowMs: number },
): Pick<SafetyMemory, "finality"> {
  const finality = Object.entries(safety.finality).map(([shard, one]) => {
    if (one.broken !== null)
      events.push({ ...one.broken, type: "finality", shard, isOver: true, reason, atMs });
    return [shard, { ...one, broken: null }] as const;
  });
  return { finality: Object.fromEntries(finality) };
}

function release(
  state: CoordinatorState,
  ports: OperateSafetyPorts,
  { shard, reason }: { readonly shard: string; readonly reason: string },
): void {
  const nowMs = ports.clock.nowMs();
  const { [shard]: order, ...orders } = state.safety.orders;
  const known = state.safety.trust[shard];
  const quarantine = known?.quarantine ?? null;
  const events: SafetyEvent[] = [];
  if (order !== undefined) {
    const { target } = order;
    events.push({ type: "order", atMs: nowMs, shard, order: "release", target, reason });
  }
  if (quarantine !== null) {
    const { kind, detail } = quarantine;
    events.push({ type: "quarantine", atMs: nowMs, shard, kind, isOver: true, detail, reason });
  }
  const evidence = known?.evidence ?? [];
  const unseen = known?.unseen ?? null;
  const released = { ...TRUSTED, evidence, unseen, clearedAtMs: nowMs };
  const trust = { ...state.safety.trust, [shard]: released };
  keepSafety(state, ports, { change: { orders, trust }, events, nowMs });
  const newest = state.claims.get(shard);
  if (quarantine === null || newest === undefined) return;
  state.books.set(shard, newest);
  // What the newest book shows must not count as in flight beside it.
  releaseJobs(state, { jobs: ports.journal.jobs, log: ports.log }, nowMs);
}

function modeNow(state: CoordinatorState): "run" | "reduce-only" | "halt" {
  const { level } = globalLevel(state.safety.breakers);
  const isOverLimit =
    state.view?.mode.reasons.some((one) => one.startsWith("net-delta-limit")) === true;
  const isOrdered = state.manualHalt !== undefined || state.brokenInvariant !== undefined;
  return isOverLimit || isOrdered ? "halt" : level;
}

function safetyView(state: CoordinatorState, events: readonly SafetyEvent[]): SafetyView {
  const { breakers, trust } = state.safety;
  const quarantines = Object.entries(trust).flatMap(([shard, one]) => {
    if (one.quarantine === null && one.evidence.length === 0) return [];
    const { trusted, ...why } = one.quarantine ?? { trusted: null };
    const block = trusted === null ? null : trusted.report.block;
    const quarantine = one.quarantine === null ? null : { ...why, trustedBlock: block };
    return [{ shard, quarantine, honestInRow: one.honestInRow, evidence: one.evidence }];
  });
  return {
    level: globalLevel(breakers).level,
    breakers: Object.values(breakers).map((one) => breakerView(state, one)),
    quarantines,
    finality: Object.entries(state.safety.finality).map(([shard, { blocks, broken }]) => {
      return { shard, final: blocks.at(-1) ?? null, broken };
    }),
    orders: state.view?.orders ?? [],
    events,
  };
}

function breakerView(state: CoordinatorState, one: BreakerState): BreakerView {
  const { kind, scope, value, detail } = one;
  const { reduceOnly, halt, haltLatches } = state.policy.breakers[kind];
  const level = levelOf(one);
  const sinceMs = level === "halt" ? one.halt.onSinceMs : one.reduceOnly.onSinceMs;
  const isGlobal = scope === GLOBAL_SCOPE;
  const needsPerson = level === "halt" && haltLatches;
  return { kind, scope, isGlobal, level, value, detail, sinceMs, reduceOnly, halt, needsPerson };
}
