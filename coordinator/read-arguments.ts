import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { FatalError } from "#shared/errors.ts";

const USAGE = "usage: node coordinator/main.ts --config <file> [--shadow]";

/**
 * The coordinator's command line.
 *
 * @throws {FatalError} `input-arguments` with the usage.
 */
export function readArguments(): { readonly configPath: string; readonly shadow: boolean } {
  try {
    const { values } = parseArgs({
      options: { config: { type: "string" }, shadow: { type: "boolean", default: false } },
      strict: true,
    });
    if (values.config === undefined)
      throw new FatalError("input-arguments", `--config is missing; ${USAGE}`);
    return { configPath: resolve(values.config), shadow: values.shadow };
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw new FatalError(
      "input-arguments",
      `${error instanceof Error ? error.message : String(error)}; ${USAGE}`,
    );
  }
}
