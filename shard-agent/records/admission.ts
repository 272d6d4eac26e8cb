import type { RefusalReason } from "#shared/wire/job-receipt.ts";

/** A job the agent does not run: the stable reason, and what was found against what is allowed. */
export type Refusal = {
  readonly admitted: false;
  readonly reason: RefusalReason;
  readonly detail: string;
};

/** Either the job may go on, or why not. */
export type Admission = { readonly admitted: true } | Refusal;

/** The job may go on. */
export const ADMITTED: Admission = { admitted: true };

/** Shorthand for a refusal. */
export function refuse(reason: RefusalReason, detail: string): Refusal {
  return { admitted: false, reason, detail };
}
