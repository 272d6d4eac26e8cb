import { z } from "zod";
import { finiteSchema, rawAmountSchema } from "#shared/wire/scalars.ts";

/**
 * What the agent pays for gas: it refuses a job as `fee-too-high` when `gas x gasLimitMultiplier x feePerGasWei` is more
 * than either cap allows.
 */
export const gasTermsSchema = z.strictObject({
  /** Least that a transaction sent at the report's block must be able to pay for one unit of gas. */
  feePerGasWei: rawAmountSchema,
  /** Gas limit of a transaction over the gas it is expected to use. */
  gasLimitMultiplier: finiteSchema.min(1),
  /** Most that the gas of one transaction may cost; less where little is left of what the sender's key signs in a day. */
  maxFeeWei: rawAmountSchema,
  /** Most of a job's notional that its gas may cost; null while the agent has no price of the native coin. */
  share: z
    .strictObject({
      maxFractionOfNotional: finiteSchema.positive().max(1),
      /** Price of the native coin it is judged at. */
      nativeUsd: finiteSchema.positive(),
    })
    .nullable(),
});

/** An agent's terms for gas. */
export type GasTerms = z.infer<typeof gasTermsSchema>;
