import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { coordinatorConfigSchema } from "#coordinator/config.ts";
import { FatalError } from "#shared/errors.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

function written(content: string): string {
  const file = path.join(temporaryFolder(), "config.yaml");
  writeFileSync(file, content);
  return file;
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FatalError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const schema = z.strictObject({
  port: z.number().int().min(1).max(65_535),
  level: z.enum(["info", "warn"]),
  url: z.string().url(),
  signerKey: z.string().regex(/^file:/, "must be file:path"),
  shards: z.array(z.strictObject({ id: z.string().min(1), weight: z.number().positive() })).min(1),
  route: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("swap"), pool: z.string() }),
    z.strictObject({ kind: z.literal("transfer"), eid: z.number() }),
  ]),
});

test("returns the typed content of a valid file", () => {
  const file = written("# a comment\na: 1\nlist: [x, y]\n");

  const config = loadConfigFile(z.strictObject({ a: z.number(), list: z.array(z.string()) }), file);

  expect(config).toEqual({ a: 1, list: ["x", "y"] });
});

test("keeps an unquoted address as text", () => {
  const file = written("vault: 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045\n");

  const config = loadConfigFile(z.strictObject({ vault: z.string() }), file);

  expect(config.vault).toBe("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045");
});

test("lists every wrong field at once, with what is allowed and what was found", () => {
  const file = written(`
port: 70000
level: loud
signerKey: 0x1111111111111111111111111111111111111111111111111111111111111111
shards:
  - { id: "", weight: 1 }
  - { id: base, weight: -2, wieght: 3 }
route: { kind: swap, pool: 7 }
extra: true
`);

  const message = messageOf(() => loadConfigFile(schema, file));

  expect(message.split("\n").map((line) => line.trim())).toEqual([
    `${file}: 9 fields are wrong [config-invalid]`,
    "port: must be <= 65535; found 70000",
    'level: must be one of "info", "warn"; found "loud"',
    "url: must be a string; found nothing",
    "signerKey: must be file:path; found a value that is not shown",
    'shards[0].id: must be >= 1 characters; found ""',
    "shards[1].weight: must be > 0; found -2",
    "shards[1].wieght: unknown field; remove it or correct its name",
    "route.pool: must be a string; found 7",
    "extra: unknown field; remove it or correct its name",
  ]);
});

test("never shows a private key that was put where a reference belongs", () => {
  const secret = "8f2a55949038a9610f50fb23b5883af3b4ecb3c3bb792cbcefbd1542c692be63";
  const file = written(
    `plannerKey: ${secret}\nfeePayerKey: "0x${secret}"\napi: { key: ${secret} }\n`,
  );

  const message = messageOf(() => loadConfigFile(coordinatorConfigSchema, file));

  expect(message).toContain(
    "plannerKey: must be ${env:NAME} or file:path; found a value that is not shown",
  );
  expect(message).not.toContain(secret);
});

test("never shows the credentials of a Redis or RPC address", () => {
  const file = written(
    'redisUrl: ["redis://user:hunter22@host"]\nshards: [{ rpcUrls: "https://rpc.example/v2/k3y" }]\n',
  );

  const message = messageOf(() => loadConfigFile(coordinatorConfigSchema, file));

  expect(message).toContain("redisUrl: must be a string");
  expect(message).not.toMatch(/hunter22|k3y/);
});

test.each([
  {
    what: "a file that is not there",
    file: () => "/nowhere/config.yaml",
    found: "cannot be read: ENOENT",
  },
  { what: "a folder", file: () => temporaryFolder(), found: "cannot be read: EISDIR" },
  {
    what: "text that is not YAML",
    file: () => written("a: 1\nb: [1, 2\n"),
    found: "is not valid YAML",
  },
  {
    what: "a field given twice",
    file: () => written("a: 1\na: 2\n"),
    found: "line 2: Map keys must be unique",
  },
  {
    what: "an empty file",
    file: () => written(""),
    found: "(the whole document): must be an object; found null",
  },
])("refuses $what with one clear message", ({ file, found }) => {
  expect(messageOf(() => loadConfigFile(schema, file()))).toContain(found);
});
