import type { KeyObject } from "node:crypto";
import { findKey, type KeySource } from "#shard-agent/adapters/signing/find-key.ts";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import { FatalError } from "#shared/errors.ts";
import { readSecret } from "#shared/node/read-secret.ts";
import { reporterPrivateKey } from "#shared/wire/signed-bytes.ts";

/** The agent's three keys. */
export type AgentKeys = {
  readonly reporter: KeyObject;
  readonly sender: KeySigner;
  readonly quoter: KeySigner;
};

/**
 * Reads what the configuration's keys refer to, all problems at once.
 *
 * @throws {FatalError} `config-secret` with one line per field.
 */
export function findKeys(
  config: {
    readonly reporterKey: string;
    readonly senderKey: KeySource;
    readonly quoterKey: KeySource;
  },
  baseDir: string,
): { readonly secrets: readonly string[]; readonly open: () => Promise<AgentKeys> } {
  const problems: string[] = [];
  const attempt = <T>(field: string, find: () => T): T | undefined => {
    try {
      return find();
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      problems.push(error.text.includes(field) ? error.text : `${field}: ${error.text}`);
      return undefined;
    }
  };
  const reporter = attempt("reporterKey", () => reporterKeyOf(config.reporterKey, baseDir));
  const sender = attempt("senderKey", () => findKey("senderKey", config.senderKey, baseDir));
  const quoter = attempt("quoterKey", () => findKey("quoterKey", config.quoterKey, baseDir));
  if (reporter === undefined || sender === undefined || quoter === undefined)
    throw new FatalError("config-secret", `keys cannot be used\n  ${problems.join("\n  ")}`);
  return {
    secrets: [reporter.secret, ...sender.secrets, ...quoter.secrets],
    open: async () => ({
      reporter: reporter.key,
      sender: await sender.open(),
      quoter: await quoter.open(),
    }),
  };
}

function reporterKeyOf(reference: string, baseDir: string): { key: KeyObject; secret: string } {
  const secret = readSecret(reference, { baseDir });
  try {
    return { key: reporterPrivateKey(secret), secret };
  } catch {
    const allowed = "64 lower-case hex digits";
    throw new FatalError(
      "config-secret",
      `reporterKey: must be ${allowed}; found something else, which is not shown`,
    );
  }
}
