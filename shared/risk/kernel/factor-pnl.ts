import { type KernelKind, memoryPlan } from "#shared/risk/kernel/kernel.ts";
import { LAYOUT } from "#shared/risk/kernel/kernel-layout.ts";
import { riskKernel } from "#shared/risk/kernel/risk-kernel.ts";

/** First and second derivative of the book's value to one risk factor. */
export type FactorExposure = {
  /** USD per unit of move. */
  readonly deltaUsd: number;
  /** USD per unit of move squared; half of it times the square counts. */
  readonly gammaUsd: number;
};

/** Delta-gamma P&L of one book over many joint moves of many factors: see {@link factorPnl}. */
export type FactorPnl = {
  readonly kind: KernelKind;
  /** P&L in USD per scenario; gains positive. A view: do not write. */
  readonly pnlUsd: Float64Array;
  /** Moves of one factor, one per scenario, to be written by the caller before the exposures are set. */
  readonly moves: (factor: number) => Float64Array;
  /** Sets all exposures and computes the P&L anew. @throws {RangeError} If there is not one finite one per factor. */
  readonly setAll: (exposures: readonly FactorExposure[]) => void;
  /**
   * Changes one exposure and adds the difference. Each such change may leave rounding of an ulp of the largest
   * P&L behind, so figures that must replay bit for bit come from `setAll`.
   *
   * @throws {RangeError} If the factor does not exist or the exposure is not finite.
   */
  readonly setOne: (factor: number, exposure: FactorExposure) => void;
};

/**
 * Room for `scenarios` joint moves of `factors` factors, kept factor by factor. Generate the moves once and
 * keep them: they cost far more than the P&L. P&L = sum over factors of delta x move + gamma / 2 x move².
 *
 * @throws {RangeError} If a count is not a whole number above zero, or it needs over 2 GiB.
 */
export function factorPnl(
  shape: { readonly scenarios: number; readonly factors: number },
  kind?: KernelKind,
): FactorPnl {
  for (const [name, count] of Object.entries(shape)) {
    if (!Number.isInteger(count) || count <= 0) {
      throw new RangeError(`${name}: ${count}; must be a whole number > 0`);
    }
  }
  const { scenarios, factors } = shape;
  const bytes = (scenarios + (scenarios % 2)) * LAYOUT.bytesPerDouble;
  const plan = memoryPlan();
  const places = {
    exposures: plan.take(factors * 2 * LAYOUT.bytesPerPair),
    out: plan.take(bytes),
    moves: plan.take(factors * bytes),
  };
  const kernel = riskKernel(plan.end(), kind);
  const view = (place: number) =>
    kernel.doubles.subarray(
      place / LAYOUT.bytesPerDouble,
      place / LAYOUT.bytesPerDouble + scenarios,
    );
  const held = Array.from(
    { length: factors },
    (): FactorExposure => ({ deltaUsd: 0, gammaUsd: 0 }),
  );
  const write = (index: number, exposure: FactorExposure) => {
    const at = places.exposures / LAYOUT.bytesPerDouble + 4 * index;
    kernel.doubles.fill(exposure.deltaUsd, at, at + 2);
    kernel.doubles.fill(exposure.gammaUsd / 2, at + 2, at + 4);
  };
  const pnlUsd = view(places.out);
  return {
    kind: kernel.kind,
    pnlUsd,
    moves: (factor) => view(places.moves + requireFactor(factor, factors) * bytes),
    setAll: (exposures) => {
      requireExposures(exposures, factors);
      exposures.forEach((exposure, factor) => {
        held[factor] = exposure;
        write(factor, exposure);
      });
      pnlUsd.fill(0);
      kernel.factorPnl({ ...places, factors, bytes });
    },
    setOne: (factor, exposure) => {
      const before = held[requireFactor(factor, factors)] ?? exposure;
      requireExposures([exposure], 1);
      held[factor] = exposure;
      write(0, {
        deltaUsd: exposure.deltaUsd - before.deltaUsd,
        gammaUsd: exposure.gammaUsd - before.gammaUsd,
      });
      kernel.factorPnl({ ...places, moves: places.moves + factor * bytes, factors: 1, bytes });
    },
  };
}

function requireFactor(factor: number, factors: number): number {
  if (!Number.isInteger(factor) || factor < 0 || factor >= factors) {
    throw new RangeError(`factor: ${factor}; must be a whole number below ${factors}`);
  }
  return factor;
}

function requireExposures(exposures: readonly FactorExposure[], factors: number): void {
  if (exposures.length !== factors) {
    throw new RangeError(`exposures: ${exposures.length}; must be one per factor (${factors})`);
  }
  exposures.forEach((exposure, index) => {
    for (const [name, value] of Object.entries(exposure)) {
      if (!Number.isFinite(value)) {
        throw new RangeError(`exposures[${index}].${name}: ${value}; must be finite`);
      }
    }
  });
}
