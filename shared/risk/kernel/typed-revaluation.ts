import type { AccumulationJob, RevaluationJob } from "#shared/risk/kernel/kernel.ts";
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

/** One row's call at one volatility. */
type Call = {
  readonly strikeLeg: number;
  readonly logStrike: number;
  /** Volatility x sqrt(years), within the kernels' bounds. */
  readonly s: number;
};

/** The revaluation loop on plain typed arrays: same operations, same bits as the SIMD kernel. */
export function typedRevalue(
  doubles: Float64Array,
  integers: Int32Array,
  job: RevaluationJob,
): void {
  const rows = (job.end - job.start) / LAYOUT.bytesPerDouble;
  const prices = new Float64Array(scenarioCount(integers, job.record) + 1);
  for (let index = 0; index < rows; index += 1) {
    const row = job.start / LAYOUT.bytesPerDouble + index;
    pricesOfRow(doubles, integers, job, { row, prices });
    const now = prices[0] ?? 0;
    const quantity = doubles[job.quantities / LAYOUT.bytesPerDouble + row] ?? 0;
    const sums = job.sums / LAYOUT.bytesPerDouble + (index % 2);
    const unit = (job.units + index * job.unitStride) / LAYOUT.bytesPerDouble;
    for (let scenario = 1; scenario < prices.length; scenario += 1) {
      const profit = (prices[scenario] ?? 0) - now;
      const sum = sums + 2 * (scenario - 1);
      doubles[sum] = (doubles[sum] ?? 0) + quantity * profit;
      if (job.units !== 0) {
        doubles[unit + scenario - 1] = profit;
      }
    }
  }
}

function scenarioCount(integers: Int32Array, record: number): number {
  let group = record / LAYOUT.bytesPerDouble + FIRST_GROUP_AT;
  let count = 0;
  for (let left = integers[record / 4 + 2 * GROUPS_AT] ?? 0; left > 0; left -= 1) {
    const scenarios = integers[2 * (group + 2)] ?? 0;
    count += scenarios;
    group += GROUP_HEAD_DOUBLES + scenarios * SCENARIO_DOUBLES;
  }
  return count;
}

/** Prices of one row's call: first unmoved, then in every scenario of the record. */
function pricesOfRow(
  doubles: Float64Array,
  integers: Int32Array,
  job: RevaluationJob,
  to: { readonly row: number; readonly prices: Float64Array },
): void {
  const strikeLeg = doubles[job.strikeLegs / LAYOUT.bytesPerDouble + to.row] ?? 0;
  const logStrike = doubles[job.logStrikes / LAYOUT.bytesPerDouble + to.row] ?? 0;
  const asked = doubles[job.totalVolatilities / LAYOUT.bytesPerDouble + to.row] ?? 0;
  const record = job.record / LAYOUT.bytesPerDouble;
  const now = { strikeLeg, logStrike, s: boundedTotalVolatility(asked) };
  callPrices(doubles, record, now, { prices: to.prices, from: 0, end: 1 });
  let group = record + FIRST_GROUP_AT;
  let first = 1;
  for (let left = integers[2 * (record + GROUPS_AT)] ?? 0; left > 0; left -= 1) {
    const s = boundedTotalVolatility(asked * (doubles[group] ?? 0));
    const scenarios = integers[2 * (group + 2)] ?? 0;
    group += GROUP_HEAD_DOUBLES;
    const end = first + scenarios;
    callPrices(
      doubles,
      group,
      { strikeLeg, logStrike, s },
      { prices: to.prices, from: first, end },
    );
    group += scenarios * SCENARIO_DOUBLES;
    first = end;
  }
}

type Span = { readonly prices: Float64Array; readonly from: number; readonly end: number };

/** Prices of a call after the moves of consecutive scenarios, from `first` on. */
function callPrices(
  memory: Float64Array,
  first: number,
  call: Call,
  { prices, from, end }: Span,
): void {
  const { strikeLeg, logStrike, s } = call;
  const inverse = 1 / s;
  const halfS = s * 0.5;
  let scenario = first;
  for (let index = from; index < end; index += 1) {
    const middle = ((memory[scenario] ?? 0) - logStrike) * inverse;
    const d1 = middle + halfS;
    const d2 = middle - halfS;
    const e = bell(memory, d1) * (memory[scenario + 4] ?? 0);
    const part1 = e * millsOfMagnitude(memory, d1);
    const part2 = e * millsOfMagnitude(memory, d2);
    const whole = (d1 > 0 ? (memory[scenario + 2] ?? 0) : 0) - (d2 > 0 ? strikeLeg : 0);
    prices[index] = whole + ((d1 > 0 ? -part1 : part1) - (d2 > 0 ? -part2 : part2));
    scenario += SCENARIO_DOUBLES;
  }
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
