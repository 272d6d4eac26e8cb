/** JSON for a pipe and for people: a list has one entry per line, anything else is indented. */
export function jsonText(value: unknown): string {
  if (!Array.isArray(value)) {
    return `${JSON.stringify(value, null, 2)}\n`;
  }
  return value.length === 0
    ? "[]\n"
    : `[\n${value.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`;
}
