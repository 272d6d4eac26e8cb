import {
  type BreakerEvent,
  type BreakerMeasure,
  type BreakerState,
  type BreakerSwitch,
  levelOf,
  type SafetyLevel,
} from "#coordinator/records/safety/breaker-state.ts";
import type { BreakerRule, BreakerThreshold } from "#shared/policy/safety-policy.ts";

/** A breaker after a measurement or an order; `event` only when its level changed. */
export type BreakerStep = {
  readonly state: BreakerState;
  readonly event: BreakerEvent | undefined;
};

/**
 * One measurement of one breaker. A level trips when the measure has been at or above its `tripAt` for
 * `tripAfterMs`; it lifts when the measure has been below its `resetAt` for `coolDownMs` and was last
 * at `tripAt` at least `holdMs` ago, or, where the halt latches, only by {@link resumeBreaker}.
 *
 * Laws: a measure that is nowhere milder than another never has the milder level; a measure that stays
 * between reset and trip changes nothing; what is not known (null) neither trips nor lifts.
 */
export function stepBreaker(
  before: BreakerState,
  measure: Pick<BreakerMeasure, "value" | "detail">,
  o: { readonly rule: BreakerRule; readonly nowMs: number },
): BreakerStep {
  const { rule, nowMs } = o;
  const { value, detail } = measure;
  const step = (one: BreakerSwitch, threshold: BreakerThreshold | null, latches: boolean) =>
    stepSwitch(one, value, { rule, threshold, latches, nowMs });
  const state: BreakerState = {
    ...before,
    ...(value === null ? {} : { value, detail }),
    reduceOnly: step(before.reduceOnly, rule.reduceOnly, false),
    halt: step(before.halt, rule.halt, rule.haltLatches),
  };
  return withEvent(before, state, { rule, nowMs, reason: null });
}

/** Lifts a halt because a person says so. The measure must be over its trip anew, for as long as at first, to halt again. */
export function resumeBreaker(
  before: BreakerState,
  o: { readonly rule: BreakerRule; readonly nowMs: number; readonly reason: string },
): BreakerStep {
  const halt = { ...before.halt, isOn: false, onSinceMs: null, overSinceMs: null };
  return withEvent(before, { ...before, halt }, o);
}

type SwitchRule = {
  readonly rule: BreakerRule;
  readonly threshold: BreakerThreshold | null;
  readonly latches: boolean;
  readonly nowMs: number;
};

function stepSwitch(before: BreakerSwitch, value: number | null, o: SwitchRule): BreakerSwitch {
  const { rule, threshold, nowMs } = o;
  const isOver = threshold !== null && value !== null && value >= threshold.tripAt;
  const isQuiet = threshold === null || (value !== null && value < threshold.resetAt);
  const overSinceMs = isOver
    ? (before.overSinceMs ?? nowMs)
    : value === null
      ? before.overSinceMs
      : null;
  const lastOverMs = isOver ? nowMs : before.lastOverMs;
  const lastUnquietMs = isQuiet ? before.lastUnquietMs : nowMs;
  const trips = isOver && nowMs - (overSinceMs ?? nowMs) >= rule.tripAfterMs;
  const isOn = trips || (before.isOn && !lifts({ isQuiet, lastOverMs, lastUnquietMs }, o));
  return {
    isOn,
    onSinceMs: isOn ? (before.onSinceMs ?? nowMs) : null,
    overSinceMs,
    lastOverMs,
    lastUnquietMs,
  };
}

function lifts(
  {
    isQuiet,
    lastOverMs,
    lastUnquietMs,
  }: Record<"lastOverMs" | "lastUnquietMs", number | null> & {
    readonly isQuiet: boolean;
  },
  { rule, latches, nowMs }: SwitchRule,
): boolean {
  if (latches || !isQuiet) return false;
  const isHeld = lastOverMs !== null && nowMs - lastOverMs < rule.holdMs;
  const isCooling = lastUnquietMs !== null && nowMs - lastUnquietMs < rule.coolDownMs;
  return !isHeld && !isCooling;
}

function withEvent(
  before: BreakerState,
  state: BreakerState,
  o: { readonly rule: BreakerRule; readonly nowMs: number; readonly reason: string | null },
): BreakerStep {
  const from = levelOf(before);
  const to = levelOf(state);
  if (from === to) return { state, event: undefined };
  const { kind, scope, value, detail } = state;
  const threshold = o.reason === null ? thresholdOf(from, to, o.rule) : null;
  const event = {
    atMs: o.nowMs,
    kind,
    scope,
    from,
    to,
    value,
    threshold,
    detail,
    reason: o.reason,
  };
  return { state, event };
}

const RANK: Readonly<Record<SafetyLevel, number>> = { run: 0, "reduce-only": 1, halt: 2 };

function thresholdOf(from: SafetyLevel, to: SafetyLevel, rule: BreakerRule): number | null {
  const isTrip = RANK[to] > RANK[from];
  const threshold = (isTrip ? to : from) === "halt" ? rule.halt : rule.reduceOnly;
  return (isTrip ? threshold?.tripAt : threshold?.resetAt) ?? null;
}
