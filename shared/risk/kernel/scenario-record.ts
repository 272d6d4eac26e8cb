import type { BucketForward } from "#shared/risk/kernel/bucket-record.ts";
import type { Kernel } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { shockedVolatility } from "#shared/risk/scenarios/volatility-shock.ts";

/** One move of a grid without its weight: see standard-grid.ts. */
export type GridMove = {
  readonly spotShock: number;
  readonly volShock: number;
  readonly tenorScaled?: boolean;
};

/** A grid in the kernels' order: by shock of volatility, so that each row's volatility is shocked once. */
export type GroupedGrid = {
  /** Grid index of each scenario in the kernels' order. */
  readonly order: readonly number[];
  readonly groups: readonly { readonly move: GridMove; readonly members: readonly GroupMember[] }[];
};
type GroupMember = { readonly spotShock: number; readonly logShock: number };

/** Sizes: a scenario is log forward, forward leg and leg / sqrt(2 pi), each twice. */
export const SCENARIO_BYTES = 48;
const COUNT_BYTES = 16;
const GROUP_HEAD_BYTES = 32;

/** @throws {RangeError} If a spot shock is -1 or less or not finite, or a volatility shock is not finite. */
export function groupedGrid(grid: readonly GridMove[]): GroupedGrid {
  const groups = new Map<string, { move: GridMove; members: GroupMember[]; indices: number[] }>();
  grid.forEach((move, index) => {
    requireMove(move, index);
    const key = `${move.volShock} ${move.tenorScaled ?? false}`;
    const group = groups.get(key) ?? { move, members: [], indices: [] };
    group.members.push({ spotShock: move.spotShock, logShock: Math.log1p(move.spotShock) });
    group.indices.push(index);
    groups.set(key, group);
  });
  const all = [...groups.values()];
  return { order: all.flatMap(({ indices }) => indices), groups: all };
}

function requireMove(move: GridMove, index: number): void {
  if (!(move.spotShock > -1) || !Number.isFinite(move.spotShock)) {
    throw new RangeError(`grid[${index}].spotShock: ${move.spotShock}; must be > -1`);
  }
  if (!Number.isFinite(move.volShock)) {
    throw new RangeError(`grid[${index}].volShock: ${move.volShock}; must be finite`);
  }
}

/** Size of a record of this grid in bytes. */
export function scenarioRecordBytes(grid: GroupedGrid): number {
  const scenarios = grid.order.length;
  return (
    SCENARIO_BYTES +
    COUNT_BYTES +
    grid.groups.length * GROUP_HEAD_BYTES +
    scenarios * SCENARIO_BYTES
  );
}

/**
 * Writes the moved forwards of one bucket: the unmoved one, the number of groups, then per group the factor
 * of volatility, the number of scenarios and the scenarios.
 */
export function writeScenarioRecord(
  kernel: Pick<Kernel, "doubles" | "integers">,
  place: number,
  grid: GroupedGrid,
  bucket: { readonly forward: BucketForward; readonly years: number },
): void {
  const { forward, years } = bucket;
  let at = place;
  const pair = (value: number) => {
    const index = at / LAYOUT.bytesPerDouble;
    kernel.doubles[index] = value;
    kernel.doubles[index + 1] = value;
    at += LAYOUT.bytesPerPair;
  };
  const count = (value: number) => {
    kernel.integers[at / 4] = value;
    at += COUNT_BYTES;
  };
  const scenario = ({ spotShock, logShock }: GroupMember) => {
    pair(forward.logForward + logShock);
    pair(forward.forwardLegUsd * (1 + spotShock));
    pair(forward.forwardDensity * (1 + spotShock));
  };
  scenario({ spotShock: 0, logShock: 0 });
  count(grid.groups.length);
  for (const { move, members } of grid.groups) {
    const { volShock, tenorScaled = false } = move;
    pair(shockedVolatility(1, { volShock, tenorScaled, years }));
    count(members.length);
    members.forEach(scenario);
  }
}
