import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { compileSchema } from "#shared/wire/compile-schema.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import { jobReceiptSchema } from "#shared/wire/job-receipt.ts";
import { shardReportSchema } from "#shared/wire/shard-report.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";

const compiled = compileSchema(shardReportSchema);

/** What the schema makes of a value: what it took, or every line of what it says. */
function verdict(schema: typeof shardReportSchema, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : describeIssues(parsed.error, value);
}

type Path = readonly (string | number)[];

/** Paths of all parts of a value, itself left out. */
function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const path = [...at, Array.isArray(value) ? Number(key) : key];
    return [path, ...pathsOf(part, path)];
  });
}

const REPORT = aFullReport(2);
const PATHS = pathsOf(REPORT);

const anyPart = fc.oneof(
  fc.constantFrom<unknown[]>(null, true, "", "0x", "-0", "01", "call", 0, -0, -1, 0.5, 2 ** 53),
  fc.constantFrom<unknown[]>(1e308, Number.NaN, Number.POSITIVE_INFINITY, [], {}, undefined),
  fc.string(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.jsonValue({ maxDepth: 2 }),
);

type Change = {
  readonly path: Path;
  readonly kind: "set" | "drop" | "add";
  readonly part: unknown;
};

const anyChange: fc.Arbitrary<Change> = fc.record({
  path: fc.constantFrom(...PATHS),
  kind: fc.constantFrom("set", "set", "drop", "add"),
  part: anyPart,
});

/** The report with some of its parts set, left out or added to. */
function changed(changes: readonly Change[]): unknown {
  const report: unknown = structuredClone(REPORT);
  for (const { path, kind, part } of changes) {
    const holder = path.slice(0, -1).reduce<unknown>((value, key) => partOf(value, key), report);
    if (typeof holder !== "object" || holder === null) continue;
    const key = path.at(-1) as string;
    const target = holder as Record<string, unknown>;
    if (kind === "set") target[key] = part;
    else if (kind === "drop") delete target[key];
    else target[`${key}x`] = part;
  }
  return report;
}

function partOf(value: unknown, key: string | number): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string | number, unknown>)[key]
    : undefined;
}

describe("the compiled schema says what the schema says:", () => {
  test("of a report with every kind of line", () => {
    expect(verdict(compiled, REPORT)).toEqual(REPORT);
    expect(verdict(shardReportSchema, REPORT)).toEqual(REPORT);
  });

  test("of reports with any parts changed, left out or added", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(anyChange, { minLength: 1, maxLength: 4 }), (changes) => {
        const report = changed(changes);
        const said = verdict(shardReportSchema, report);
        if (!Array.isArray(said)) taken += 1;
        expect(verdict(compiled, report)).toEqual(said);
      }),
      { numRuns: 1500 },
    );
    // Most changes make a report one to refuse; some must still be taken for the law to say something of both.
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(1450);
  });

  test("of every single field left out, of another type, or with a companion", () => {
    const kinds = [
      ...[null, "x", -1, Number.NaN, {}, []].map((part) => ({ kind: "set", part }) as const),
      { kind: "drop", part: null } as const,
      { kind: "add", part: 1 } as const,
    ];
    for (const path of PATHS) {
      for (const change of kinds) {
        const report = changed([{ path, ...change }]);
        expect(verdict(compiled, report)).toEqual(verdict(shardReportSchema, report));
      }
    }
  });

  test("of any value at all", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(verdict(compiled, value)).toEqual(verdict(shardReportSchema, value));
      }),
    );
  });
});

test.each([
  { name: "report", schema: shardReportSchema },
  { name: "receipt", schema: jobReceiptSchema },
])("no part of the $name's schema is left to the slow way", ({ schema }) => {
  expect(() => z.compile(schema, { strict: true })).not.toThrow();
});
