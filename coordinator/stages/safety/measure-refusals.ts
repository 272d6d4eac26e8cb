import {
  type BreakerMeasure,
  type BreakerState,
  levelOf,
} from "#coordinator/records/safety/breaker-state.ts";
import type { RefusalRun } from "#coordinator/records/safety/refusal-run.ts";
import type { BreakersPolicy } from "#shared/policy/safety-policy.ts";
import type { RefusalReason } from "#shared/wire/job-receipt.ts";

/**
 * Refusals in a row of each trade that is paused for them, 0 of all others: from `tripAt` on for `pauseMs` after the newest,
 * for twice as long with each further one, and at most for `pauseMaxMs`; for `pauseMs` where gas is the reason. Then the breaker lifts, the trade is tried again,
 * and the next refusal trips it anew.
 */
export function measureRefusals(o: {
  /** By scope. */
  readonly refusals: Readonly<Record<string, RefusalRun>>;
  /** Breakers of before: what is tripped and not counted any more is measured as over, and forgotten after it. */
  readonly before: readonly BreakerState[];
  readonly rule: BreakersPolicy["tradeRefusals"];
  readonly nowMs: number;
}): BreakerMeasure[] {
  const { refusals, before } = o;
  const counted = Object.keys(refusals).filter((scope) => refusals[scope]?.refusals.length !== 0);
  const isOn = (one: BreakerState): boolean =>
    one.kind === "tradeRefusals" && levelOf(one) !== "run";
  const known = before.filter(isOn).map(({ scope }) => scope);
  return [...new Set([...counted, ...known])].map((scope): BreakerMeasure => {
    const run = refusals[scope];
    const count = run?.refusals.length ?? 0;
    if (run === undefined || count === 0)
      return {
        kind: "tradeRefusals",
        scope,
        value: 0,
        detail: "no refusal since it was last done",
      };
    const said = `refused ${count} times in a row, the last as ${run.lastReason}`;
    const pauseMs = Math.min(
      pauseAfter(count, o.rule),
      isOfGas(run) ? o.rule.pauseMs : Number.POSITIVE_INFINITY,
    );
    // A clock that was put back makes no pause longer than it is.
    const isPaused = Math.abs(o.nowMs - run.lastAtMs) < pauseMs;
    if (!isPaused) return { kind: "tradeRefusals", scope, value: 0, detail: said };
    const untilText = new Date(run.lastAtMs + pauseMs).toISOString();
    const detail = `${said}; tried again from ${untilText}`;
    return { kind: "tradeRefusals", scope, value: count, detail };
  });
}

/** Gas comes down, and senders are paid: margin that keeps a position alive must not wait for half an hour after that. */
const OF_GAS: readonly string[] = [
  "fee-too-high",
  "gas-below-floor",
  "signing-ceiling",
] satisfies RefusalReason[];

function isOfGas({ lastReason }: RefusalRun): boolean {
  return OF_GAS.some((reason) => lastReason.startsWith(reason));
}

/** Length of the pause after so many refusals in a row, milliseconds; 0 while there are too few for one. */
export function pauseAfter(count: number, rule: BreakersPolicy["tradeRefusals"]): number {
  const trips = [rule.reduceOnly, rule.halt].flatMap((one) => one?.tripAt ?? []);
  const tripAt = Math.min(...trips);
  if (!(count >= tripAt)) return 0;
  return Math.min(rule.pauseMs * 2 ** (count - Math.ceil(tripAt)), rule.pauseMaxMs);
}
