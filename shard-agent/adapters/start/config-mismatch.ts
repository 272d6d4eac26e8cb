/** Says what a field of the configuration must be and is not; null when it is. Spelling of hex does not matter. */
export function mismatch(
  field: string,
  found: unknown,
  allowed: unknown,
  source: string,
): string | null {
  const same = String(found).toLowerCase() === String(allowed).toLowerCase();
  return same ? null : `${field}: must be ${String(allowed)} (${source}); found ${String(found)}`;
}
