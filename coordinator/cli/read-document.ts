import { readFileSync } from "node:fs";
import { BadInputError } from "#coordinator/cli/bad-input-error.ts";

const STANDARD_INPUT = 0;

/**
 * The JSON document in a file, or on standard input when no file is named.
 *
 * @throws {BadInputError} If it cannot be read or is not JSON.
 */
export function readDocument(file: string | undefined): unknown {
  const name = file ?? "standard input";
  const text = readText(file, name);
  if (text.trim() === "") {
    throw new BadInputError(`${name}: empty; must be a JSON document`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadInputError(`${name}: ${(error as Error).message}; must be a JSON document`);
  }
}

function readText(file: string | undefined, name: string): string {
  try {
    return readFileSync(file ?? STANDARD_INPUT, "utf8");
  } catch (error) {
    throw new BadInputError(`${name}: ${(error as Error).message}; must be a readable file`);
  }
}
