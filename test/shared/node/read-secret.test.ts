import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { FatalError } from "#shared/errors.ts";
import { readSecret, readSecrets } from "#shared/node/read-secret.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const SECRET = "s3cr3t-value-of-this-test";

function secretFile(mode: number, content = `${SECRET}\n`): string {
  const file = path.join(temporaryFolder(), "secret");
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

test("reads an environment variable", () => {
  expect(readSecret("${env:PLANNER_KEY}", { env: { PLANNER_KEY: SECRET } })).toBe(SECRET);
});

test("reads a file that only its owner may read, without surrounding white space", () => {
  const file = secretFile(0o600);

  expect(readSecret(`file:${file}`)).toBe(SECRET);
  expect(readSecret("file:secret", { baseDir: path.dirname(file) })).toBe(SECRET);
});

test.each([
  {
    what: "an unset variable",
    reference: () => "${env:NOT_SET}",
    found: "variable NOT_SET is not set",
  },
  {
    what: "an empty variable",
    reference: () => "${env:EMPTY}",
    found: "variable EMPTY is not set or is empty",
  },
  {
    what: "a file open to its group",
    reference: () => `file:${secretFile(0o640)}`,
    found: "has mode 640",
  },
  {
    what: "a file open to others",
    reference: () => `file:${secretFile(0o604)}`,
    found: "has mode 604",
  },
  { what: "an empty file", reference: () => `file:${secretFile(0o600, "\n")}`, found: "is empty" },
  { what: "a missing file", reference: () => "file:/nowhere/key", found: "cannot be read: ENOENT" },
  {
    what: "a secret instead of a reference",
    reference: () => SECRET,
    found: "must be ${env:NAME} or file:path",
  },
])("refuses $what and never shows the secret", ({ reference, found }) => {
  const read = (): string => readSecret(reference(), { env: { EMPTY: " " } });

  expect(read).toThrow(FatalError);
  expect(read).toThrow(found);
  expect(read).not.toThrow(SECRET);
});

test("lists every secret that cannot be read at once", () => {
  const read = () =>
    readSecrets(
      { plannerKey: "${env:A}", feePayerKey: "${env:B}", "api.key": "${env:C}" },
      { env: { B: "x" } },
    );

  expect(read).toThrow(
    /plannerKey: environment variable A is not set[\s\S]*api\.key: environment variable C is not set/,
  );
  expect(read).not.toThrow("feePayerKey");
});

test("returns several secrets by their field", () => {
  const secrets = readSecrets({ one: "${env:A}", two: "${env:B}" }, { env: { A: "1", B: "2" } });

  expect(secrets).toEqual({ one: "1", two: "2" });
});
