import { readdirSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const SOURCE = ["coordinator", "shard-agent", "shared", "contracts/src", "tools"];
const FILES_MAX = 20;
/** Below a process or `shared`: `coordinator/stages/audit`, and no folder in that. */
const DEPTH_MAX = 3;

/** Every folder of the source and how many source files it holds itself. */
function folderSizes(): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const top of SOURCE) {
    const entries = readdirSync(join(ROOT, top), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile() && /\.(ts|sol)$/.test(one.name))) {
      const folder = entry.parentPath.slice(ROOT.length + 1);
      sizes.set(folder, (sizes.get(folder) ?? 0) + 1);
    }
  }
  return sizes;
}

test(`no folder of the source holds more than ${FILES_MAX} files`, () => {
  const sizes = folderSizes();
  expect(sizes.size).toBeGreaterThan(20);
  expect([...sizes].filter(([, size]) => size > FILES_MAX)).toEqual([]);
});

test(`no folder of the source lies deeper than ${DEPTH_MAX}`, () => {
  const folders = [...folderSizes().keys()];
  expect(folders.filter((folder) => folder.split(sep).length > DEPTH_MAX)).toEqual([]);
});
