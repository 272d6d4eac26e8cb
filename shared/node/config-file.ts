import { readFileSync } from "node:fs";
import { parseDocument, type Tags } from "yaml";
import type { z } from "zod";
import { FatalError } from "#shared/errors.ts";
import { describeIssues, issuesText } from "#shared/wire/describe-issues.ts";

/**
 * Content of a YAML (or JSON) file, checked against a schema. `0x...` is text, also without quotes.
 *
 * @throws {FatalError} `config-unreadable` if the file cannot be read or is not YAML;
 *   `config-invalid` with one line per wrong field: path, what is allowed, what was found.
 */
export function loadConfigFile<S extends z.ZodType>(schema: S, path: string): z.output<S> {
  const input = parseYaml(readText(path), path);
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const text = issuesText(describeIssues(result.error, input));
  throw new FatalError("config-invalid", `${path}: ${text}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new FatalError("config-unreadable", `${path}: cannot be read: ${reason}`, {
      cause: error,
    });
  }
}

function parseYaml(text: string, path: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, customTags: withoutHexNumbers });
  const lines = document.errors.map(
    (error) => `line ${lineOf(text, error.pos[0])}: ${error.message}`,
  );
  if (lines.length > 0) {
    throw new FatalError(
      "config-unreadable",
      `${path}: is not valid YAML\n  ${lines.join("\n  ")}`,
    );
  }
  return document.toJS();
}

/** An unquoted address or hash stays text: as a number it would lose most of its digits. */
function withoutHexNumbers(tags: Tags): Tags {
  return tags.filter(
    (tag) => typeof tag === "string" || !("format" in tag && tag.format === "HEX"),
  );
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
