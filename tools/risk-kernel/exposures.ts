/** Sums over rows of exposures, two numbers at a time. */
import { FACTOR_BLOCK_BYTES, half, one, exactMax } from "./vectors";

/** Adds quantity x row of `units` to the vector `out` for each of `count` exposures; `bytes` a multiple of 16. */
export function accumulate(
  rows: usize,
  quantities: usize,
  count: i32,
  units: usize,
  bytes: usize,
  out: usize,
): void {
  for (let index = 0; index < count; index++, rows += 4, quantities += 8) {
    const unit = units + <usize>load<i32>(rows) * bytes;
    const quantity = v128.load64_splat(quantities);
    for (let at: usize = 0; at < bytes; at += 16) {
      const more = f64x2.mul(quantity, v128.load(unit + at));
      v128.store(out + at, f64x2.add(v128.load(out + at), more));
    }
  }
}

/**
 * Adds x (delta + halfGamma x) to each scenario's profit for `factors` consecutive columns of moves x.
 *
 * @param exposures Two doubles twice per factor: delta, half gamma. @param bytes A multiple of 16.
 */
export function factorPnl(moves: usize, exposures: usize, factors: i32, bytes: usize, out: usize): void {
  for (let block: usize = 0; block < bytes; block += FACTOR_BLOCK_BYTES) {
    const end = min(bytes, block + FACTOR_BLOCK_BYTES);
    let column = moves;
    let exposure = exposures;
    let factor = 0;
    for (; factor + 2 <= factors; factor += 2, column += bytes << 1, exposure += 64) {
      const delta0 = v128.load(exposure);
      const gamma0 = v128.load(exposure, 16);
      const delta1 = v128.load(exposure, 32);
      const gamma1 = v128.load(exposure, 48);
      for (let at = block; at < end; at += 16) {
        const x0 = v128.load(column + at);
        const x1 = v128.load(column + bytes + at);
        const first = f64x2.mul(x0, f64x2.add(delta0, f64x2.mul(gamma0, x0)));
        const second = f64x2.mul(x1, f64x2.add(delta1, f64x2.mul(gamma1, x1)));
        v128.store(out + at, f64x2.add(f64x2.add(v128.load(out + at), first), second));
      }
    }
    if (factor < factors) {
      const delta = v128.load(exposure);
      const gamma = v128.load(exposure, 16);
      for (let at = block; at < end; at += 16) {
        const x = v128.load(column + at);
        const more = f64x2.mul(x, f64x2.add(delta, f64x2.mul(gamma, x)));
        v128.store(out + at, f64x2.add(v128.load(out + at), more));
      }
    }
  }
}

/**
 * Replaces `bytes` of held whole numbers by fresh ones, and brings net and gross up to date. Changes nothing
 * and returns 1 if a fresh one is no whole number or a gross would reach 2^53.
 */
export function replaceCells(held: usize, fresh: usize, net: usize, gross: usize, bytes: usize): i32 {
  const pairs = bytes & ~15;
  let refused = v128.xor(one(), one());
  for (let at: usize = 0; at < pairs; at += 16) {
    const cell = v128.load(fresh + at);
    const rest = f64x2.sub(v128.load(gross + at), f64x2.abs(v128.load(held + at)));
    const over = f64x2.ge(f64x2.abs(cell), f64x2.sub(exactMax(), rest));
    refused = v128.or(refused, v128.or(over, f64x2.ne(f64x2.floor(cell), cell)));
  }
  if (pairs < bytes) {
    const cell = load<f64>(fresh + pairs);
    const rest = load<f64>(gross + pairs) - abs(load<f64>(held + pairs));
    if (abs(cell) >= 9007199254740992.0 - rest || floor(cell) != cell) return 1;
  }
  if (v128.any_true(refused)) return 1;
  for (let at: usize = 0; at < pairs; at += 16) {
    const cell = f64x2.add(v128.load(fresh + at), f64x2.splat(0));
    const gone = v128.load(held + at);
    v128.store(net + at, f64x2.add(v128.load(net + at), f64x2.sub(cell, gone)));
    const growth = f64x2.sub(f64x2.abs(cell), f64x2.abs(gone));
    v128.store(gross + at, f64x2.add(v128.load(gross + at), growth));
    v128.store(held + at, cell);
  }
  if (pairs < bytes) {
    const cell = load<f64>(fresh + pairs) + 0.0;
    const gone = load<f64>(held + pairs);
    store<f64>(net + pairs, load<f64>(net + pairs) + (cell - gone));
    store<f64>(gross + pairs, load<f64>(gross + pairs) + (abs(cell) - abs(gone)));
    store<f64>(held + pairs, cell);
  }
  return 0;
}
