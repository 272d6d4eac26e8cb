/** Formatting of single figures; all pure, all fixed to English notation. */

/** A number with a few significant digits and thousands separators; `-` for null. */
export function formatNumber(value: number | null, decimals: number): string {
  if (value === null || !Number.isFinite(value)) return "-";
  const text = value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return /^-[0.,]*$/.test(text) ? text.slice(1) : text;
}

/** A signed number, `+` included. */
export function formatSigned(value: number | null, decimals: number): string {
  const text = formatNumber(value, decimals);
  return value !== null && value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** USD without cents, such as `$1,234`. */
export function formatUsd(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  const text = formatNumber(Math.abs(value), 0);
  return value < 0 && text !== "0" ? `-$${text}` : `$${text}`;
}

/** USD with cents. */
export function formatUsdCents(value: number): string {
  const text = formatNumber(Math.abs(value), 2);
  return value < 0 && text !== "0.00" ? `-$${text}` : `$${text}`;
}

/** A duration: `850 ms`, `2.4 s`, `3 min 05 s`. */
export function formatDuration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return "-";
  if (Math.abs(ms) < 1000) return `${Math.round(ms)} ms`;
  if (Math.abs(ms) < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.trunc(seconds / 60)} min ${String(Math.abs(seconds % 60)).padStart(2, "0")} s`;
}

/** Time of day as HH:MM:SS, UTC. */
export function formatClock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}
