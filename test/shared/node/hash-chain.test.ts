import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { CHAIN_START, linkHash, openMark, readMark, sha256 } from "#shared/node/hash-chain.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

test("a hash is SHA-256 as hex", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("a link's hash covers the one before and every field, and knows null from text", () => {
  const hash = linkHash(CHAIN_START.hash, [1, "a", null]);
  expect(linkHash(CHAIN_START.hash, [1, "a", null])).toBe(hash);
  for (const other of [
    linkHash(hash, [1, "a", null]),
    linkHash(CHAIN_START.hash, [2, "a", null]),
    linkHash(CHAIN_START.hash, [1, "b", null]),
    linkHash(CHAIN_START.hash, [1, "a", "null"]),
  ])
    expect(other).not.toBe(hash);
});

test("a mark says what was written last, also when it is opened again", () => {
  const file = path.join(temporaryFolder(), "journal.mark");
  expect(readMark(file)).toBeNull();
  const mark = openMark(file);
  expect(readMark(file)).toBeNull();
  mark.write({ number: 12_345, hash: sha256("one") });
  mark.close();
  const again = openMark(file);
  expect(readMark(file)).toEqual({ number: 12_345, hash: sha256("one") });
  again.write({ number: 12_346, hash: sha256("two") });
  expect(readMark(file)).toEqual({ number: 12_346, hash: sha256("two") });
  again.close();
});

test("anything else is unreadable, never taken for no mark", () => {
  const file = path.join(temporaryFolder(), "journal.mark");
  writeFileSync(file, "0000000000000001 abc\n");
  expect(readMark(file)).toBe("unreadable");
});
