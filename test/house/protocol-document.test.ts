import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { REPORT_REFUSALS } from "#coordinator/stages/accept-report.ts";
import { REFUSAL_REASONS } from "#shared/wire/job-receipt.ts";
import {
  mandateSchema,
  swapParamsSchema,
  transferParamsSchema,
} from "#shared/wire/rebalance-job.ts";

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

describe("links", () => {
  const documents = ["README.md", "CONTRIBUTING.md", "docs/protocol.md", "docs/operations.md"];
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
