import { type Command, CommanderError } from "commander";
import { FatalError } from "#shared/errors.ts";

/**
 * Options of a command line, as the command describes them; null when help was asked for, which is then on
 * standard output.
 *
 * @param args Without the interpreter and the script.
 * @throws {FatalError} With `code`: the flag, what was found, what is allowed, and the usage.
 */
export function parseCommandLine<Options extends object>(
  command: Command,
  args: readonly string[],
  code: string,
): Options | null {
  command
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    const problem = error.message.replace(/^error: |\.$/g, "").replaceAll("\n", " ");
    const usage = `usage: ${command.name()} ${command.usage()}`;
    throw new FatalError(code, `${problem}; ${usage}; --help tells more`, { cause: error });
  }
  return command.opts<Options>();
}

/** Action of a command that cannot do without an option: one that is wrong is told of before one that is missing. */
export function requires(name: string) {
  return (flags: Readonly<Record<string, unknown>>, command: Command): void => {
    if (flags[name] === undefined) command.error(`--${name}: must be given; found nothing`);
  };
}
