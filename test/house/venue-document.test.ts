import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const DOCUMENT = readFileSync("docs/adding-a-venue.md", "utf8");
const WIRE = ["shard-report", "option-lines"].map((file) =>
  readFileSync(`shared/wire/${file}.ts`, "utf8"),
);
const FILES = ["contracts", "shard-agent", "shared", "test", "docs", "tools"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("out/"))
    .map((name) => `${folder}/${name}`),
);
/** Names of the wire and of the page for one venue. */
const NAMES: Readonly<Record<string, string>> = {
  "uniswap-v3": "Uniswap v3",
  "aave-v3": "Aave v3",
  curie: "Curie",
  "lyra-v1": "Lyra V1",
};

test("every file the page names exists, but for the reader's own", () => {
  const named = DOCUMENT.match(/`[\w./-]+\.(?:ts|sol|json|md|yaml)`/g) ?? [];
  const paths = named.map((one) => one.slice(1, -1)).filter((one) => !/acme/i.test(one));
  const missing = paths.filter(
    (path) => !existsSync(path) && !FILES.some((file) => `/${file}`.endsWith(`/${path}`)),
  );
  expect(missing).toEqual([]);
  expect(paths.length).toBeGreaterThan(25);
});

test("every venue a report can name has its conventions in the table", () => {
  const venues = WIRE.flatMap((text) => [...text.matchAll(/venue: z\.literal\("([\w-]+)"\)/g)]);
  const known = new Set(venues.map((match) => match[1] ?? ""));
  expect([...known].sort()).toEqual(Object.keys(NAMES).sort());
  for (const venue of known) expect(DOCUMENT).toContain(`| ${NAMES[venue]} | `);
});

test("every test the table cites exists", () => {
  const table = DOCUMENT.slice(DOCUMENT.indexOf("## 5. Conventions"));
  const rows = table.split("\n").filter((line) => line.startsWith("| "));
  const cited = rows.slice(1).map((row) => row.split("|").at(-2) ?? "");
  for (const cell of cited.slice(1)) {
    const names = [...cell.matchAll(/`([\w-]+)(?:\.t\.sol)?`/g)].map((match) => match[1] ?? "");
    const tests = names.filter((name) =>
      FILES.some((file) => new RegExp(`/${name}\\.(test\\.ts|t\\.sol)$`).test(file)),
    );
    expect(tests.length, cell).toBeGreaterThan(0);
  }
});
