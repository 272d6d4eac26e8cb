import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";

/** A link of a chain in which each hash covers the one before it. */
export type ChainEnd = { readonly number: number; readonly hash: string };

/** Before the first link. */
export const CHAIN_START: ChainEnd = { number: 0, hash: "0".repeat(64) };

/** SHA-256 as hex. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Hash of a link: of the one before it and of its own fields, its number included. */
export function linkHash(previous: string, fields: readonly (string | number | null)[]): string {
  return sha256(JSON.stringify([previous, ...fields]));
}

/** What a mark says of how far its chain once reached; null without one, or before its first write. */
export function readMark(path: string): ChainEnd | null | "unreadable" {
  if (!existsSync(path)) return null;
  const text = readFileSync(path, "utf8");
  if (text === "") return null;
  const [, digits, hash] = /^(\d{16}) ([0-9a-f]{64})\n$/.exec(text) ?? [];
  return digits === undefined || hash === undefined
    ? "unreadable"
    : { number: Number(digits), hash };
}

/** Opens the mark for writing; a crash leaves the one before or the new one, which are of equal length. */
export function openMark(path: string): {
  readonly write: (end: ChainEnd) => void;
  readonly close: () => void;
} {
  const file = openSync(path, existsSync(path) ? "r+" : "w+", 0o600);
  return {
    write: ({ number, hash }) =>
      void writeSync(file, `${String(number).padStart(16, "0")} ${hash}\n`, 0),
    close: () => closeSync(file),
  };
}
