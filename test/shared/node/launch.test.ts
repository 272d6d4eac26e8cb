import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const LAUNCHER = "shared/node/bin/riskshard.mjs";

function start(env: Record<string, string>): { status: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [LAUNCHER, "schema", "band"], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

test("what was compiled is kept where it may be written, and the next start says the same", () => {
  const cache = join(temporaryFolder(), "compiled");
  const first = start({ NODE_COMPILE_CACHE: cache });
  expect(first).toMatchObject({ status: 0, err: "" });
  expect(existsSync(cache)).toBe(true);
  expect(readdirSync(cache, { recursive: true }).length).toBeGreaterThan(10);
  expect(start({ NODE_COMPILE_CACHE: cache })).toEqual(first);
});

test("where nothing may be written the process starts all the same", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const kept = start({ NODE_COMPILE_CACHE: join(temporaryFolder(), "compiled") });
  expect(start({ NODE_COMPILE_CACHE: join(file, "compiled") })).toEqual(kept);
  expect(start({ NODE_DISABLE_COMPILE_CACHE: "1" })).toEqual(kept);
});

test("a damaged cache is not believed", () => {
  const cache = join(temporaryFolder(), "compiled");
  const first = start({ NODE_COMPILE_CACHE: cache });
  for (const entry of readdirSync(cache, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) writeFileSync(join(entry.parentPath, entry.name), "not a cache");
  }
  expect(start({ NODE_COMPILE_CACHE: cache })).toEqual(first);
});
