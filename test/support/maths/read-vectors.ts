import { readFileSync } from "node:fs";

/** One group of published figures of test/vectors: where they come from, and the rows. */
type VectorGroup = {
  readonly source: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
};

/**
 * Rows of one group of `test/vectors/<file>`, by column name. Name the columns a
 * test reads as the type argument. Text columns are text in truth; read them with String().
 *
 * @throws {Error} If the group does not exist, or states no source.
 */
export function readVectors<Column extends string>(
  file: string,
  group: string,
): readonly Readonly<Record<Column, number>>[] {
  const text = readFileSync(new URL(`../../vectors/${file}`, import.meta.url), "utf8");
  const found = (JSON.parse(text) as Record<string, VectorGroup>)[group];
  if (found === undefined || found.source === "") {
    throw new Error(`${file}: no group ${group} with a source`);
  }
  return found.rows.map(
    (row) =>
      Object.fromEntries(found.columns.map((name, i) => [name, row[i]])) as Record<Column, number>,
  );
}
