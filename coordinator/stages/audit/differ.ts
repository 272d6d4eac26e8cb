/** What was said, and what was found instead. */
export type Mismatch = { readonly said: string; readonly found: string };

/** How two statements of one thing differ; undefined when they are the same. */
export function differ(what: string, said: unknown, found: unknown): Mismatch | undefined {
  if (said === found) return undefined;
  return { said: `${what} ${said}`, found: `${what} ${found}` };
}
