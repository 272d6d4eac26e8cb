/**
 * Preloaded into a process (`node --import`) it shifts the machine's clock as that process sees it by CLOCK_SHIFT_MS.
 * Durations stay right, as they do when a clock is set.
 */
const shiftMs = Number(process.env["CLOCK_SHIFT_MS"] ?? 0);
const { Date: RealDate } = globalThis;
const now = (): number => RealDate.now() + shiftMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (real, args: [] | [number]) =>
    args.length === 0 ? new real(now()) : new real(...args),
  get: (real, key) => (key === "now" ? now : Reflect.get(real, key)),
});
