import {
  type BreakerEvent,
  type BreakerMeasure,
  type BreakerState,
  breakerKey,
  GLOBAL_SCOPE,
  levelOf,
  newBreaker,
  worstLevel,
} from "#coordinator/records/safety/breaker-state.ts";
import type { SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";
import { SAFE_SHARD, type ShardSafety } from "#coordinator/records/safety/shard-safety.ts";
import { routeKey } from "#coordinator/records/safety/trade-name.ts";
import type { GlobalLevel } from "#coordinator/stages/safety/judge-mode.ts";
import { stepBreaker } from "#coordinator/stages/safety/step-breaker.ts";
import type { BreakersPolicy } from "#shared/policy/safety-policy.ts";

type Breakers = SafetyMemory["breakers"];

/**
 * All breakers after one set of measures, each by itself: the order of the measures changes nothing. A
 * breaker without a measure is not known now; one that is off and has none is forgotten.
 */
export function judgeBreakers(
  before: Breakers,
  measures: readonly BreakerMeasure[],
  o: { readonly policy: BreakersPolicy; readonly nowMs: number },
): { readonly breakers: Breakers; readonly events: readonly BreakerEvent[] } {
  const byKey = new Map(measures.map((measure) => [breakerKey(measure), measure]));
  const keys = [...new Set([...Object.keys(before), ...byKey.keys()])].sort();
  const events: BreakerEvent[] = [];
  const breakers: Breakers = {};
  for (const key of keys) {
    const measure = byKey.get(key);
    const state = before[key] ?? (measure && newBreaker(measure.kind, measure.scope));
    if (state === undefined || (measure === undefined && levelOf(state) === "run")) continue;
    const seen = finite(measure ?? { value: null, detail: "not measured now" });
    const step = stepBreaker(state, seen, { rule: o.policy[state.kind], nowMs: o.nowMs });
    breakers[key] = step.state;
    if (step.event !== undefined) events.push(step.event);
  }
  return { breakers, events };
}

/** A measure beyond all numbers is beyond every threshold; one that is not a number is not known. */
function finite<M extends Pick<BreakerMeasure, "value" | "detail">>(measure: M): M {
  const { value } = measure;
  if (value === null || Number.isFinite(value)) return measure;
  return { ...measure, value: Number.isNaN(value) ? null : Math.sign(value) * Number.MAX_VALUE };
}

/** What the global breakers allow, and why not more. */
export function globalLevel(breakers: Breakers): GlobalLevel {
  return levelIn(trippedOf(breakers), GLOBAL_SCOPE);
}

/** What breakers, trust and orders say of one shard. */
export function shardSafety(memory: SafetyMemory, shard: string): ShardSafety {
  return safetyOfShards(memory)(shard);
}

/** {@link shardSafety} of any shard: the breakers are looked through once. */
export function safetyOfShards(memory: SafetyMemory): (shard: string) => ShardSafety {
  const tripped = trippedOf(memory.breakers);
  return (shard) => safetyOf(shard, memory, tripped);
}

function safetyOf(
  shard: string,
  { breakers, trust, orders }: SafetyMemory,
  tripped: readonly BreakerState[],
): ShardSafety {
  const own = levelIn(tripped, `shard:${shard}`);
  const all = levelIn(tripped, GLOBAL_SCOPE);
  const after = (prefix: string): string[] =>
    tripped.flatMap(({ scope }) => (scope.startsWith(prefix) ? [scope.slice(prefix.length)] : []));
  const quarantine = trust[shard]?.quarantine;
  const order = orders[shard];
  const unseen = breakers[breakerKey({ kind: "unseenChain", scope: `shard:${shard}` })];
  return {
    ...SAFE_SHARD,
    level: worstLevel([own.level, all.level]),
    levelReasons: [...own.reasons, ...all.reasons],
    isUnseen: unseen !== undefined && levelOf(unseen) !== "run",
    quarantine: quarantine ? `${quarantine.kind}: ${quarantine.detail}` : null,
    order: order ? { kind: order.kind, reason: `${order.kind}: ${order.reason}` } : null,
    closedVenues: after(`venue:${shard}/`),
    closedTargets: [...new Set(after(`route:${shard}>`))],
    pausedTrades: pausedTrades(tripped, shard),
  };
}

function pausedTrades(tripped: readonly BreakerState[], shard: string): Map<string, string> {
  const [trade, route] = [`trade:${shard}/`, `route:${shard}>`];
  return new Map(
    tripped.flatMap(({ kind, scope, detail }): [string, string][] => {
      if (kind !== "tradeRefusals") return [];
      if (scope.startsWith(trade)) return [[scope.slice(trade.length), detail]];
      return scope.startsWith(route) ? [[routeKey(scope.slice(route.length)), detail]] : [];
    }),
  );
}

/** The few that allow less than everything. */
function trippedOf(breakers: Breakers): BreakerState[] {
  return Object.values(breakers).filter((one) => levelOf(one) !== "run");
}

function levelIn(tripped: readonly BreakerState[], scope: string): GlobalLevel {
  const some = tripped.filter((one) => one.scope === scope);
  return { level: worstLevel(some.map(levelOf)), reasons: some.map(reasonOf) };
}

/** Without figures, which differ from pass to pass: two passes with the same reasons are the same. */
function reasonOf(state: BreakerState): string {
  return `breaker ${state.kind} of ${state.scope}: ${levelOf(state)}`;
}

/** Shards whose feeds have disagreed for long enough: others' feeds count before theirs. */
export function distrustedFeeds({ breakers }: SafetyMemory): Set<string> {
  const tripped = Object.values(breakers).filter((one) => {
    const isOfFeeds = one.kind === "oracleDisagreement" || one.kind === "settlementPeg";
    return isOfFeeds && one.scope !== GLOBAL_SCOPE && levelOf(one) !== "run";
  });
  return new Set(tripped.map((one) => one.scope.slice("shard:".length)));
}
