import { Packr } from "msgpackr";

const options = { mapsAsObjects: true, moreTypes: false, int64AsType: "number" } as const;

/** The library whose records the wire's are. */
export const library = new Packr({ useRecords: true, ...options });

/** What the library reads, with bytes as the texts that they stand for on the wire. */
export function readByLibrary(bytes: Uint8Array): unknown {
  return withTexts(library.unpack(bytes));
}

function withTexts(value: unknown): unknown {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withTexts(one)]));
}
