import { z } from "zod";

/** A finite number; Infinity, as 1e999 reads, is refused. */
export const finite = z.number();

export const aboveZero = finite.gt(0);

export const notNegative = finite.min(0);

/** Annual volatility; the message also tells that 0 is the analytic limit. */
export const volatility = finite.refine((value) => value >= 0, "must be > 0, or 0 for the limit");

export const optionType = z.enum(["call", "put"]);

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/;

/** ISO 8601 date (midnight UTC) or date and time (UTC unless it states an offset), read as Unix milliseconds. */
export const isoInstant = z
  .string()
  .refine(
    (text) => !Number.isNaN(instantMs(text)),
    "must be an ISO 8601 date, such as 2026-03-27T08:00:00Z",
  )
  .transform(instantMs);

function instantMs(text: string): number {
  if (ISO_DATE.test(text)) {
    return Date.parse(`${text}T00:00:00Z`);
  }
  if (!ISO_TIME.test(text)) {
    return Number.NaN;
  }
  const hasOffset = /(Z|[+-]\d{2}:\d{2})$/.test(text);
  return Date.parse(hasOffset ? text : `${text}Z`);
}

/** What one option is priced on. Either `spot`, with a carry of one's own or the rate's, or `forward`. */
const optionShape = {
  type: optionType,
  /** Price of the underlying in USD; Greeks are to it. */
  spot: aboveZero.optional(),
  /** Forward price in USD for the option's expiry; Greeks are to it, discounted. */
  forward: aboveZero.optional(),
  strike: aboveZero,
  rate: finite.default(0),
  /** Cost of carry, with spot only; equal to the rate, and moving with it, when left out. */
  carry: finite.optional(),
};

/** Row of `riskshard price`. */
export const pricedRow = withOneUnderlying(
  z.strictObject({ ...optionShape, years: notNegative, volatility }),
);

/** Row of `riskshard implied-vol`. */
export const impliedRow = withOneUnderlying(
  z.strictObject({ ...optionShape, years: aboveZero, price: finite }),
);

type UnderlyingFields = {
  readonly spot?: number | undefined;
  readonly forward?: number | undefined;
  readonly carry?: number | undefined;
};

function withOneUnderlying<Row extends UnderlyingFields, Input>(
  schema: z.ZodType<Row, Input>,
): z.ZodType<Row, Input> {
  return schema.superRefine((row, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    if (row.forward !== undefined && row.spot !== undefined) {
      refuse("forward", "must not be given together with spot");
    } else if (row.forward !== undefined && row.carry !== undefined) {
      refuse("carry", "must not be given together with forward");
    } else if (row.forward === undefined && row.spot === undefined) {
      refuse("spot", "must be given, or forward");
    }
  });
}

/** The model's inputs of a row: a forward is a spot of carry 0. */
export function modelInputs(
  row: UnderlyingFields & { strike: number; rate: number; years: number; type: "call" | "put" },
) {
  const { spot, forward, carry, strike, rate, years, type } = row;
  const fixedCarry = forward !== undefined ? 0 : carry;
  return {
    type,
    spotUsd: forward ?? spot ?? Number.NaN,
    strikeUsd: strike,
    years,
    rate,
    ...(fixedCarry === undefined ? {} : { carry: fixedCarry }),
  };
}
