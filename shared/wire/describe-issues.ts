import type { z } from "zod";

type Issue = z.core.$ZodIssue;

const VALUE_LENGTH_MAX = 80;

/**
 * One line per wrong field: its path, what is allowed, what was found. Fields that hold secrets are
 * named, their content is not shown.
 *
 * @param input The value that was refused.
 */
export function describeIssues(error: z.ZodError, input: unknown): string[] {
  return error.issues.flatMap((issue) => describeIssue(issue, [], input));
}

/** {@link describeIssues} as one text: the only line, or how many there are and each on a line of its own. */
export function issuesText(lines: readonly string[], linesMax = lines.length): string {
  const [only] = lines;
  if (only !== undefined && lines.length === 1) return only;
  const left = lines.length - linesMax;
  const shown = [...lines.slice(0, linesMax), ...(left > 0 ? [`and ${left} more`] : [])];
  return `${lines.length} fields are wrong\n  ${shown.join("\n  ")}`;
}

function describeIssue(issue: Issue, parent: readonly PropertyKey[], input: unknown): string[] {
  const path = [...parent, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map(
      (key) => `${pathText([...path, key])}: unknown field; remove it or correct its name`,
    );
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    return closest(issue.errors).flatMap((inner) => describeIssue(inner, path, input));
  }
  return [`${pathText(path)}: ${allowedText(issue, path, input)}; found ${foundText(path, input)}`];
}

/** The alternative that was got furthest into, of those the one with the least wrong. */
function closest(alternatives: readonly Issue[][]): Issue[] {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map(({ path }) => path.length));
  return alternatives.reduce((best, next) => {
    const deeper = depth(next) - depth(best);
    return deeper > 0 || (deeper === 0 && next.length < best.length) ? next : best;
  });
}

function allowedText(issue: Issue, path: readonly PropertyKey[], input: unknown): string {
  if (issue.code === "invalid_type") {
    const isInfinite = issue.expected === "number" && typeof valueAt(path, input) === "number";
    return isInfinite ? "must be a finite number" : `must be ${article(issue.expected)}`;
  }
  if (issue.code === "invalid_value") {
    return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
  }
  if (issue.code === "too_small")
    return `must be ${issue.inclusive === false ? ">" : ">="} ${issue.minimum}${sizeOf(issue.origin)}`;
  if (issue.code === "too_big")
    return `must be ${issue.inclusive === false ? "<" : "<="} ${issue.maximum}${sizeOf(issue.origin)}`;
  if (issue.code === "invalid_format" && issue.format === "url") return "must be a URL";
  return issue.message;
}

function sizeOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" || origin === "set" || origin === "map" ? " entries" : "";
}

function article(expected: string): string {
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function foundText(path: readonly PropertyKey[], input: unknown): string {
  const value = valueAt(path, input);
  if (value === undefined) return "nothing";
  if (isSecretField(path)) return "a value that is not shown";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}...`;
}

function valueAt(path: readonly PropertyKey[], input: unknown): unknown {
  let value: unknown = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** `plannerKey`, `api.key`, `redisUrl`, `rpcUrls[0]`; not `reporterPublicKey`. */
function isSecretField(path: readonly PropertyKey[]): boolean {
  return path.some((part) => {
    if (typeof part !== "string" || /public/i.test(part)) return false;
    return /(key|secret|password|url|urls|seed|signature)$/i.test(part);
  });
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "(the whole document)";
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}
