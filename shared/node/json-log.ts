import { type DestinationStream, destination, pino } from "pino";
import { scrubText } from "#shared/node/scrub-text.ts";
import type { Log } from "#shared/ports/log.ts";

/** Least severe level that is written. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export type JsonLogOptions = {
  readonly level: LogLevel;
  /** Name of the process, such as `coordinator` or `agent ethereum-1`; on every line. */
  readonly name: string;
  /** Strings that must never appear: resolved secrets. */
  readonly secrets?: readonly string[];
  /** Where lines go; standard output when left out. */
  readonly sink?: DestinationStream;
};

/**
 * Structured log: one JSON object a line with `level`, `time` (ISO 8601), `name`, `msg` and the
 * fields. Amounts (`bigint`) become decimal strings, errors become name, code and message. Every
 * line is scrubbed: URLs lose paths and credentials, known secrets are replaced.
 */
export function jsonLog(options: JsonLogOptions): Log {
  const sink = options.sink ?? destination({ fd: 1, sync: true });
  const secrets = options.secrets ?? [];
  const logger = pino(
    {
      level: options.level,
      base: { name: options.name },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void sink.write(scrubText(line, secrets)) },
  );
  return {
    debug: (message, fields) => logger.debug(plainFields(fields), message),
    info: (message, fields) => logger.info(plainFields(fields), message),
    warn: (message, fields) => logger.warn(plainFields(fields), message),
    error: (message, fields) => logger.error(plainFields(fields), message),
  };
}

const DEPTH_MAX = 8;

function plainFields(fields: Record<string, unknown> | undefined): Record<string, unknown> {
  if (fields === undefined) return {};
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value, 0)]));
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return "[deeper]";
  if (value instanceof Error) return plainError(value, depth);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, plain(item, depth + 1)]),
  );
}

function plainError(error: Error, depth: number): Record<string, unknown> {
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: plain(error.cause, depth + 1) };
  return { name: error.name, ...code, message: error.message, ...cause };
}
