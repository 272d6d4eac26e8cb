import type { TableSection } from "#coordinator/cli/offline-command.ts";

const SIGNIFICANT_DIGITS = 8;

/** Sections as aligned text for people: a heading, the keys, one line per row; numbers to 8 digits, right-aligned. */
export function textTable(sections: readonly TableSection[]): string {
  return sections.map(sectionText).join("\n");
}

function sectionText(section: TableSection): string {
  const keys = [...new Set(section.rows.flatMap((row) => Object.keys(row)))];
  const lines = section.rows.map((row) => keys.map((key) => cellText(row[key])));
  const widths = keys.map((key, column) =>
    Math.max(key.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const isText = keys.map((key) => section.rows.every((row) => typeof row[key] !== "number"));
  const aligned = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isText[column] ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  return [section.title, aligned(keys), ...lines.map(aligned), ""].join("\n");
}

function cellText(value: unknown): string {
  if (typeof value !== "number") {
    return value === null || value === undefined ? "-" : String(value);
  }
  return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
}
