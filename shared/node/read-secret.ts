import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { FatalError } from "#shared/errors.ts";

export type SecretSource = {
  /** Environment; that of the process when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder that relative `file:` paths start from; the working directory when left out. */
  readonly baseDir?: string;
};

/**
 * The secret behind a reference, `${env:NAME}` or `file:path`, without surrounding white space.
 * A file must not be readable, writable or executable by its group or by others.
 *
 * @throws {FatalError} `config-secret`; the message names the reference, never the secret.
 */
export function readSecret(reference: string, source: SecretSource = {}): string {
  const found = findSecret(reference, source);
  if ("secret" in found) return found.secret;
  throw new FatalError("config-secret", found.problem);
}

/**
 * Several secrets at once, keyed by the configuration field that holds the reference.
 *
 * @throws {FatalError} `config-secret` with one line per field that cannot be resolved.
 */
export function readSecrets<F extends string>(
  references: Readonly<Record<F, string>>,
  source: SecretSource = {},
): Record<F, string> {
  const entries = Object.entries<string>(references).map(([field, reference]) => {
    return { field, found: findSecret(reference, source) };
  });
  const problems = entries.flatMap(({ field, found }) => {
    return "problem" in found ? [`${field}: ${found.problem}`] : [];
  });
  if (problems.length > 0) {
    throw new FatalError("config-secret", `secrets cannot be read\n  ${problems.join("\n  ")}`);
  }
  const secrets = entries.map(({ field, found }) => [field, "secret" in found ? found.secret : ""]);
  return Object.fromEntries(secrets) as Record<F, string>;
}

type Found = { readonly secret: string } | { readonly problem: string };

function findSecret(reference: string, source: SecretSource): Found {
  const name = /^\$\{env:([A-Z0-9_]+)\}$/.exec(reference)?.[1];
  if (name !== undefined) return fromEnvironment(name, source.env ?? process.env);
  if (reference.startsWith("file:")) {
    return fromFile(resolve(source.baseDir ?? ".", reference.slice("file:".length)));
  }
  return { problem: "must be ${env:NAME} or file:path; found something else, which is not shown" };
}

function fromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>): Found {
  const secret = env[name]?.trim() ?? "";
  return secret === ""
    ? { problem: `environment variable ${name} is not set or is empty` }
    : { secret };
}

function fromFile(path: string): Found {
  try {
    const mode = statSync(path).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      return {
        problem: `${path} has mode ${mode.toString(8)}; must be closed to group and others, such as 600`,
      };
    }
    const secret = readFileSync(path, "utf8").trim();
    return secret === "" ? { problem: `${path} is empty` } : { secret };
  } catch (error) {
    return {
      problem: `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`,
    };
  }
}
