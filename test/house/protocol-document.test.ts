import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { JOB_STATES } from "#coordinator/records/jobs/job-record.ts";
import { decisionRecordSchema } from "#coordinator/records/planning/decision-record.ts";
import { REPORT_REFUSALS } from "#coordinator/stages/messages/accept-report.ts";
import { REFUSAL_REASONS } from "#shared/wire/job-receipt.ts";
import {
  mandateSchema,
  swapParamsSchema,
  transferParamsSchema,
} from "#shared/wire/rebalance-job.ts";
import { summarySchema } from "#test/local/check/summary/summary-schema.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const DOCUMENT = readFileSync(path.join(ROOT, "docs/protocol.md"), "utf8");

/** Inline code words of one section, from its heading to the next of the same or a higher level. */
function wordsOf(heading: string): Set<string> {
  const start = DOCUMENT.indexOf(`\n${heading}\n`);
  expect(start, heading).toBeGreaterThan(0);
  const level = heading.indexOf(" ");
  const rest = DOCUMENT.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, "m"));
  const section = end < 0 ? rest : rest.slice(0, end);
  return new Set([...section.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? ""));
}

function errorCodesInCode(): string[] {
  const codes = ["coordinator", "shard-agent", "shared"].flatMap((folder) => {
    return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => {
        const text = readFileSync(path.join(ROOT, folder, file), "utf8");
        return [...text.matchAll(/(?:Fatal|Retryable)Error\(\s*"([^"]+)"/g)].map(
          (match) => match[1] ?? "",
        );
      });
  });
  return [...new Set(codes)].sort();
}

function withoutUnit(field: string): string {
  return field.replace(/(Seconds|Wei|Raw)$/, "");
}

describe("docs/protocol.md", () => {
  test.each(REPORT_REFUSALS)("explains the report refusal %s", (reason) => {
    expect(wordsOf("### Report refusals")).toContain(reason);
  });

  test.each(REFUSAL_REASONS)("explains the job refusal %s", (reason) => {
    expect(wordsOf("### Job refusals")).toContain(reason);
  });

  const fields = [mandateSchema, swapParamsSchema, transferParamsSchema]
    .flatMap((schema) => Object.keys(schema.shape))
    .filter((field) => field !== "kind");
  test.each([...new Set(fields.map(withoutUnit))])("says who enforces %s", (field) => {
    expect(wordsOf("### Who enforces each field")).toContain(field);
  });

  test.each(errorCodesInCode())("explains the error code %s", (code) => {
    expect(code).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
    expect(wordsOf("## Error codes")).toContain(code);
  });

  test.each(Array.from({ length: 15 }, (_, index) => `I${index + 1}`))(
    "lists invariant %s",
    (id) => {
      expect(DOCUMENT).toMatch(new RegExp(`^\\| ${id} \\|`, "m"));
    },
  );
});

describe("the table of invariants", () => {
  const files = readdirSync(path.join(ROOT, "test"), { recursive: true, encoding: "utf8" });
  const contractTests = files
    .filter((file) => file.endsWith(".t.sol"))
    .map((file) => readFileSync(path.join(ROOT, "test", file), "utf8"));
  const tests = [...wordsOf("## Invariants")].filter((word) => !/^(npm|test\/)|\(/.test(word));

  test.each(tests)("names tests that exist: %s", (word) => {
    if (word.startsWith("invariant_")) {
      const start = `function ${word.replace(/\.\.\.$/, "")}`;
      expect(contractTests.some((text) => text.includes(start))).toBe(true);
      return;
    }
    const wanted = word.endsWith(".sol") ? word : `${word}.test.ts`;
    expect(files.some((file) => `/${file}`.endsWith(`/${wanted}`))).toBe(true);
  });
});

describe("problem documents", () => {
  const source = readFileSync(path.join(ROOT, "coordinator/api/problem.ts"), "utf8");
  const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map((match) => match[1] ?? "");

  test.each(codes)("of the admin API: %s is explained", (code) => {
    expect(wordsOf("## Admin API")).toContain(code);
  });

  test("are found in the code", () => expect(codes.length).toBeGreaterThan(5));
});

describe("job states", () => {
  test.each(JOB_STATES)("explains %s", (state) => {
    expect(wordsOf("### Job states")).toContain(state);
  });
});

describe("the decision record", () => {
  test.each(Object.keys(decisionRecordSchema.shape))("explains %s", (field) => {
    expect(wordsOf("## Decision record")).toContain(field);
  });
});

describe("docs/local-world.md", () => {
  const text = readFileSync(path.join(ROOT, "docs/local-world.md"), "utf8");
  test.each(Object.keys(summarySchema.shape))("explains the summary's %s", (field) => {
    expect(text).toContain(`\`${field}\``);
  });
});

describe("links", () => {
  const documents = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/protocol.md",
    "docs/operations.md",
    "docs/local-world.md",
    "docs/risk-model.md",
  ];
  test.each(documents)("of %s lead to files and headings that exist", (document) => {
    const folder = path.dirname(path.join(ROOT, document));
    const text = readFileSync(path.join(ROOT, document), "utf8");
    for (const [, target] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target === undefined || target.startsWith("http")) continue;
      const [file, anchor] = target.split("#");
      const linked = readFileSync(
        file === "" ? path.join(ROOT, document) : path.join(folder, file ?? ""),
        "utf8",
      );
      if (anchor === undefined) continue;
      const anchors = [...linked.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ""));
      expect(anchors, target).toContain(anchor);
    }
  });
});

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}
