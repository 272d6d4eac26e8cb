import type { AccumulationJob, FactorJob, RevaluationJob } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { SCENARIO_BYTES } from "#shared/risk/kernel/scenario-record.ts";
import {
  bell,
  boundedTotalVolatility,
  millsOfMagnitude,
} from "#shared/risk/kernel/typed-normal.ts";

const SCENARIO_DOUBLES = SCENARIO_BYTES / LAYOUT.bytesPerDouble;
const GROUP_HEAD_DOUBLES = 4;
const GROUPS_AT = 6;
const FIRST_GROUP_AT = 8;

/** One row's call: the same in every scenario. */
type Row = { readonly strikeLeg: number; readonly logStrike: number };

/** The revaluation loop on plain typed arrays: same operations, same bits as the SIMD kernel. */
export function typedRevalue(
  doubles: Float64Array,
  integers: Int32Array,
  job: RevaluationJob,
): void {
  const rows = (job.end - job.start) / LAYOUT.bytesPerDouble;
  for (let index = 0; index < rows; index += 1) {
    const row = job.start / LAYOUT.bytesPerDouble + index;
    const lane = index % 2;
    revalueRow(doubles, integers, job, {
      row,
      sum: job.sums / LAYOUT.bytesPerDouble + lane,
      unit: job.units === 0 ? -1 : (job.units + index * job.unitStride) / LAYOUT.bytesPerDouble,
    });
  }
}

function revalueRow(
  doubles: Float64Array,
  integers: Int32Array,
  job: RevaluationJob,
  at: { readonly row: number; readonly sum: number; readonly unit: number },
): void {
  const load = (column: number) => doubles[column / LAYOUT.bytesPerDouble + at.row] ?? 0;
  const call: Row = { strikeLeg: load(job.strikeLegs), logStrike: load(job.logStrikes) };
  const asked = load(job.totalVolatilities);
  const quantity = load(job.quantities);
  const record = job.record / LAYOUT.bytesPerDouble;
  const groups = integers[2 * (record + GROUPS_AT)] ?? 0;
  const now = callPrice(doubles, record, call, boundedTotalVolatility(asked));
  let group = record + FIRST_GROUP_AT;
  let { sum, unit } = at;
  for (let index = 0; index < groups; index += 1) {
    const s = boundedTotalVolatility(asked * (doubles[group] ?? 0));
    const scenarios = integers[2 * (group + 2)] ?? 0;
    group += GROUP_HEAD_DOUBLES;
    for (let scenario = 0; scenario < scenarios; scenario += 1) {
      const profit = callPrice(doubles, group, call, s) - now;
      doubles[sum] = (doubles[sum] ?? 0) + quantity * profit;
      if (unit >= 0) {
        doubles[unit] = profit;
        unit += 1;
      }
      group += SCENARIO_DOUBLES;
      sum += 2;
    }
  }
}

/** Price of a call after the move of a scenario. */
function callPrice(memory: Float64Array, scenario: number, row: Row, s: number): number {
  const inverse = 1 / s;
  const halfS = s * 0.5;
  const middle = ((memory[scenario] ?? 0) - row.logStrike) * inverse;
  const d1 = middle + halfS;
  const d2 = middle - halfS;
  const e = bell(memory, d1) * (memory[scenario + 4] ?? 0);
  const in1 = d1 > 0;
  const in2 = d2 > 0;
  const whole = (in1 ? (memory[scenario + 2] ?? 0) : 0) - (in2 ? row.strikeLeg : 0);
  const mills1 = millsOfMagnitude(memory, d1);
  const mills2 = millsOfMagnitude(memory, d2);
  return whole + (e * (in1 ? -mills1 : mills1) - e * (in2 ? -mills2 : mills2));
}

/** Quantity-weighted sum of rows, as the SIMD kernel's. */
export function typedAccumulate(
  doubles: Float64Array,
  integers: Int32Array,
  job: AccumulationJob,
): void {
  const width = job.bytes / LAYOUT.bytesPerDouble;
  const units = job.units / LAYOUT.bytesPerDouble;
  const out = job.out / LAYOUT.bytesPerDouble;
  for (let index = 0; index < job.count; index += 1) {
    const unit = units + (integers[job.rows / 4 + index] ?? 0) * width;
    const quantity = doubles[job.quantities / LAYOUT.bytesPerDouble + index] ?? 0;
    for (let column = 0; column < width; column += 1) {
      doubles[out + column] =
        (doubles[out + column] ?? 0) + quantity * (doubles[unit + column] ?? 0);
    }
  }
}

/** Delta-gamma profit of consecutive factors, block by block, as the SIMD kernel's. */
export function typedFactorPnl(doubles: Float64Array, job: FactorJob): void {
  const scenarios = job.bytes / LAYOUT.bytesPerDouble;
  const out = job.out / LAYOUT.bytesPerDouble;
  const moves = job.moves / LAYOUT.bytesPerDouble;
  for (let block = 0; block < scenarios; block += 1024) {
    const end = Math.min(scenarios, block + 1024);
    for (let factor = 0; factor < job.factors; factor += 1) {
      const exposure = job.exposures / LAYOUT.bytesPerDouble + 4 * factor;
      const delta = doubles[exposure] ?? 0;
      const halfGamma = doubles[exposure + 2] ?? 0;
      const column = moves + factor * scenarios;
      for (let scenario = block; scenario < end; scenario += 1) {
        const move = doubles[column + scenario] ?? 0;
        doubles[out + scenario] =
          (doubles[out + scenario] ?? 0) + move * (delta + halfGamma * move);
      }
    }
  }
}
