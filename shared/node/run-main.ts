import { FatalError, RetryableError } from "#shared/errors.ts";
import { scrubText } from "#shared/node/scrub-text.ts";

/** Exit code of a start that wrong configuration or bad input stopped. */
export const EXIT_BAD_INPUT = 2;

/**
 * Runs a process's entry function. A {@link FatalError} or {@link RetryableError} ends the process
 * with its message alone on standard error: exit code 2 when its code begins with `config-` or
 * `input-`, else 1. Any other error is a bug: exit code 1 with its stack. URLs in the text are cut to
 * their host.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${scrubText(errorText(error))}\n`);
    process.exit(exitCodeOf(error));
  }
}

/** Exit code for an error that reached the top. */
function exitCodeOf(error: unknown): number {
  return error instanceof FatalError && /^(config|input)-/.test(error.code) ? EXIT_BAD_INPUT : 1;
}

function errorText(error: unknown): string {
  if (error instanceof FatalError || error instanceof RetryableError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
