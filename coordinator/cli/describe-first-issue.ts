import type { z } from "zod";

type Issue = z.core.$ZodIssue;

const VALUE_LENGTH_MAX = 60;

/** The first thing wrong with a document, as `[3].strike: -0.2; must be > 0`. */
export function describeFirstIssue(error: z.ZodError, document: unknown): string {
  const [first] = error.issues;
  return first === undefined ? "the document was refused" : describe(first, [], document);
}

function describe(issue: Issue, parent: readonly PropertyKey[], document: unknown): string {
  const path = [...parent, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const [inner] = closest(issue.errors);
    if (inner !== undefined) {
      return describe(inner, path, document);
    }
  }
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    return line([...path, key], document, "unknown field");
  }
  return line(path, document, requirement(issue));
}

/** The alternative that was got furthest into. */
function closest(alternatives: readonly Issue[][]): Issue[] {
  const depth = (issues: Issue[]) => Math.max(0, ...issues.map((issue) => issue.path.length));
  return alternatives.reduce((best, next) => (depth(next) > depth(best) ? next : best));
}

function line(path: readonly PropertyKey[], document: unknown, text: string): string {
  const value = path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    document,
  );
  return `${pathText(path)}: ${valueText(value)}; ${text}`;
}

function requirement(issue: Issue): string {
  switch (issue.code) {
    case "too_small": {
      const unit =
        issue.origin === "array" ? " entries" : issue.origin === "string" ? " characters" : "";
      return `must be ${issue.inclusive === false ? ">" : ">="} ${issue.minimum}${unit}`;
    }
    case "too_big":
      return `must be ${issue.inclusive === false ? "<" : "<="} ${issue.maximum}`;
    case "invalid_type":
      return issue.expected === "number"
        ? "must be a finite number"
        : `must be of type ${issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    default:
      return issue.message;
  }
}

function valueText(value: unknown): string {
  if (value === undefined) {
    return "missing";
  }
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}…`;
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) {
    return "document";
  }
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") {
      return `${text}[${part}]`;
    }
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}
