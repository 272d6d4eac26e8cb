import type { Band } from "#coordinator/records/planning/band.ts";
import type { DecisionTrigger } from "#coordinator/records/planning/decision-record.ts";
import type { EarlyAction } from "#coordinator/stages/bands/act-early.ts";
import { neededUnits } from "#coordinator/stages/plans/plan-hedges.ts";
import type { NetOutcome } from "#coordinator/stages/risk/net-risk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

export type TriggerContext = {
  readonly cause: "timer" | "report" | "operator";
  readonly nets: ReadonlyMap<string, NetOutcome>;
  readonly bands: ReadonlyMap<string, Band>;
  readonly early: ReadonlyMap<string, EarlyAction>;
  readonly emergencies: ReadonlyMap<string, string>;
  /** Shards in shortfall with what they lack. */
  readonly shortfalls: ReadonlyMap<string, string>;
  readonly policy: Policy;
};

const CAUSES = {
  timer: "the interval between passes is over",
  report: "shards reported",
  operator: "asked for by an operator",
} as const;

/** All that set a pass off, the cause of the pass itself first. */
export function nameTriggers(context: TriggerContext): DecisionTrigger[] {
  const { cause, nets, emergencies, shortfalls } = context;
  return [
    { kind: cause, subject: null, detail: CAUSES[cause] },
    ...[...emergencies].map(([subject, detail]): DecisionTrigger => {
      return { kind: "threshold", subject, detail };
    }),
    ...[...nets].flatMap(([ticker, outcome]) => dueHedge(ticker, outcome, context)),
    ...[...shortfalls].map(([subject, detail]): DecisionTrigger => {
      return { kind: "threshold", subject, detail };
    }),
  ];
}

function dueHedge(
  ticker: string,
  outcome: NetOutcome,
  { bands, early, policy }: TriggerContext,
): DecisionTrigger[] {
  const band = bands.get(ticker);
  if (!outcome.netted || band === undefined) return [];
  const { net } = outcome;
  if (typeof neededUnits({ net, ...band, policy }) === "string") return [];
  const { deltaUnits } = net.greeks;
  const due = early.get(ticker);
  if (Math.abs(deltaUnits) <= band.halfWidthUnits && due !== undefined) {
    return [{ kind: due.kind, subject: ticker, detail: due.detail }];
  }
  const detail = `net delta ${deltaUnits.toPrecision(6)} outside ±${band.halfWidthUnits.toPrecision(6)}`;
  return [{ kind: "threshold", subject: ticker, detail }];
}
