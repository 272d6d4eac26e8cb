import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { PassView } from "#coordinator/cycles/planning/assess-world.ts";
import type { CapitalView, NetView, RiskView, SnapshotView } from "#coordinator/ports/operator.ts";
import { isInFlight } from "#coordinator/records/jobs/job-record.ts";
import type { ValuedInventory } from "#coordinator/records/planning/credited-net.ts";
import type { NetUnderlying } from "#coordinator/stages/risk/net-risk.ts";
import { creditNet, valueInventories } from "#coordinator/stages/risk/value-inventories.ts";

/** The net position as the last pass saw it; undefined before the first pass. */
export function riskView(state: CoordinatorState): RiskView | undefined {
  const { view } = state;
  if (view === undefined) return undefined;
  const manual = state.manualHalt === undefined ? [] : [`manual: ${state.manualHalt.reason}`];
  const automatic = view.mode.reasons.filter((reason) => !reason.startsWith("manual: "));
  const isHalted = view.mode.mode === "halt" || manual.length > 0;
  const haltReasons = isHalted ? [...manual, ...automatic] : [];
  return {
    asOfMs: view.atMs,
    mode: haltReasons.length > 0 ? "halt" : view.mode.mode === "halt" ? "run" : view.mode.mode,
    haltReasons,
    reduceOnlyReasons: view.mode.mode === "reduce-only" ? view.mode.reasons : [],
    shadow: state.shadow,
    policyVersion: state.policy.version,
    snapshot: snapshotViews(view),
    net: netViews(state, view),
    capital: capitalView(state, view),
    jobsInFlight: [...state.jobs.values()].filter(isInFlight).length,
  };
}

function snapshotViews(view: PassView): Record<string, SnapshotView> {
  return Object.fromEntries(
    [...view.snapshot.underlyings].map(
      ([ticker, { spotUsd, sources, volatilitySource, refused }]) => {
        return [ticker, { spotUsd, sources, volatilitySource, refused }];
      },
    ),
  );
}

/** An underlying that cannot be netted now is shown as it last was, with the status `unknown`. */
function netViews(state: CoordinatorState, view: PassView): Record<string, NetView> {
  const inventories = inventoriesOf(state, view);
  const pairs = [...state.lastNets].map(([ticker, last]): [string, NetView] => {
    const outcome = view.nets.get(ticker);
    const net = outcome?.netted === true ? outcome.net : last;
    const bandHalfWidthUnits = view.halfWidthUnits.get(ticker) ?? null;
    const isKnown =
      outcome?.netted === true && view.snapshot.underlyings.get(ticker)?.refused === null;
    return [
      ticker,
      {
        greeks: net.greeks,
        reportedGreeks: state.reportedNet.of(ticker),
        inFlightDeltaUnits: net.inFlightDeltaUnits,
        deltaIntervalUnits: net.limitIntervalUnits,
        bandHalfWidthUnits,
        band: view.bands.get(ticker) ?? null,
        forecast: view.forecasts.get(ticker) ?? null,
        status:
          isKnown && bandHalfWidthUnits !== null ? statusOf(net, bandHalfWidthUnits) : "unknown",
        byExpiry: net.byExpiry,
        buckets: view.buckets.get(ticker) ?? [],
        credited: creditNet(ticker, net.greeks, inventories),
      },
    ];
  });
  return Object.fromEntries(pairs);
}

function inventoriesOf({ policy }: CoordinatorState, view: PassView): ValuedInventory[] {
  const reports = [...view.valuations.values()].map(({ entry }) => entry.report);
  const statuses = [...view.statuses.values()];
  const carried = new Set(statuses.filter((one) => one.isCarried).map(({ shard }) => shard));
  const { creditFraction } = policy.inventories;
  return valueInventories(reports, view.snapshot, { carried, creditFraction });
}

/** Figures of the whole are known only when every configured shard's whole book is. */
function capitalView({ policy, setups }: CoordinatorState, view: PassView): CapitalView {
  const { mutualisedFraction } = policy.capital;
  const all = [...view.capital.values()];
  const { totalUsd } = view.adjusted;
  if (totalUsd === null || all.length < setups.size) {
    return {
      mutualisedFraction,
      collateralUsdAfterHaircut: null,
      requiredCapitalUsd: null,
      riskAdjustedCapitalUsd: null,
      solvencyRatio: null,
    };
  }
  const heldUsd = all.reduce((total, one) => total + one.collateralUsdAfterHaircut, 0);
  const requiredUsd = all.reduce((total, one) => total + one.requiredCapitalUsd, 0);
  return {
    mutualisedFraction,
    collateralUsdAfterHaircut: heldUsd,
    requiredCapitalUsd: requiredUsd,
    riskAdjustedCapitalUsd: totalUsd,
    solvencyRatio: requiredUsd === 0 ? null : heldUsd / requiredUsd,
  };
}

function statusOf(net: NetUnderlying, halfWidthUnits: number): NetView["status"] {
  const [low, high] = net.staleIntervalUnits;
  if (low >= -halfWidthUnits && high <= halfWidthUnits) return "inside";
  return low > halfWidthUnits || high < -halfWidthUnits ? "outside" : "unknown";
}
