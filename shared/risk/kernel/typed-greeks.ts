import {
  BUCKET_BYTES,
  BUCKET_ROWS_BYTE,
  type BucketFields,
  readBucketFields,
} from "#shared/risk/kernel/bucket-record.ts";
import type { GreeksJob } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import {
  bell,
  boundedTotalVolatility,
  millsOfMagnitude,
} from "#shared/risk/kernel/typed-normal.ts";

/** Where columns start, as indices of doubles. */
type Columns = {
  readonly strikes: number;
  readonly logStrikes: number;
  readonly volatilities: number;
  readonly out: number;
  readonly stride: number;
};

/** The Greeks loop on plain typed arrays: same operations, same bits as the SIMD kernel. */
export function typedGreeks(doubles: Float64Array, integers: Int32Array, job: GreeksJob): boolean {
  const columns: Columns = {
    strikes: job.strikes / LAYOUT.bytesPerDouble,
    logStrikes: job.logStrikes / LAYOUT.bytesPerDouble,
    volatilities: job.volatilities / LAYOUT.bytesPerDouble,
    out: job.out / LAYOUT.bytesPerDouble,
    stride: job.stride / LAYOUT.bytesPerDouble,
  };
  let outside = false;
  let row = 0;
  for (let bucket = 0; bucket < job.bucketCount; bucket += 1) {
    const record = job.buckets + bucket * BUCKET_BYTES;
    const end = row + (integers[(record + BUCKET_ROWS_BYTE) / 4] ?? 0);
    const isOutside = bucketGreeks(doubles, record, columns, { row, end });
    outside = isOutside || outside;
    row = end;
  }
  return outside;
}

function bucketGreeks(
  memory: Float64Array,
  record: number,
  columns: Columns,
  rows: { readonly row: number; readonly end: number },
): boolean {
  const fields = readBucketFields(memory, record);
  let outside = false;
  for (let row = rows.row; row < rows.end; row += 1) {
    outside = rowGreeks(memory, fields, columns, row) || outside;
  }
  return outside;
}

function rowGreeks(
  memory: Float64Array,
  fields: BucketFields,
  columns: Columns,
  row: number,
): boolean {
  const signedStrike = memory[columns.strikes + row] ?? 0;
  const sign = signedStrike < 0 ? -1 : 1;
  const asked = (memory[columns.volatilities + row] ?? 0) * fields.rootYears;
  const s = boundedTotalVolatility(asked);
  const inverse = 1 / s;
  const middle = (fields.logForward - (memory[columns.logStrikes + row] ?? 0)) * inverse;
  const halfS = s * 0.5;
  const d1 = middle + halfS;
  const d2 = middle - halfS;
  const e = bell(memory, d1) * fields.forwardDensity;
  const in1 = sign * d1 > 0;
  const in2 = sign * d2 > 0;
  const whole1 = in1 ? fields.forwardLeg : 0;
  const whole2 = in2 ? sign * signedStrike * fields.discount : 0;
  const mills1 = millsOfMagnitude(memory, d1);
  const mills2 = millsOfMagnitude(memory, d2);
  const part1 = e * (in1 ? -mills1 : mills1);
  const part2 = e * (in2 ? -mills2 : mills2);
  const leg1 = sign * (whole1 + part1);
  const leg2 = sign * (whole2 + part2);
  const price = sign * (whole1 - whole2 + (part1 - part2));
  const bend = e * d2 * inverse;
  const at = columns.out + row;
  const { stride } = columns;
  memory[at] = price;
  memory[at + stride] = leg1 * fields.deltaFactor;
  memory[at + 2 * stride] = e * inverse * fields.gammaFactor;
  memory[at + 3 * stride] = e * fields.vegaFactor;
  memory[at + 4 * stride] =
    e * s * fields.decayFactor + (leg1 * fields.forwardTheta + leg2 * fields.strikeTheta);
  memory[at + 5 * stride] = leg2 * fields.strikeRho + price * fields.priceRho;
  memory[at + 6 * stride] = bend * fields.vannaFactor;
  memory[at + 7 * stride] = bend * d1 * fields.volgaFactor;
  return s !== asked;
}
