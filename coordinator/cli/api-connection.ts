import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { readSecret } from "#shared/node/read-secret.ts";

/** Where the admin API is, and the key to it. */
export type ApiConnection = { readonly url: string; readonly key: string };

export type ConnectionSources = {
  /** `--api`, if given. */
  readonly url: string | undefined;
  /** `--key`, if given: a reference, never the key itself. */
  readonly keyReference: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Description of a running local world, used when nothing else is given. */
  readonly worldFile: string;
};

const worldSchema = z.object({ adminApi: z.object({ url: z.string(), key: z.string() }) });

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * The connection the operator means: options first, then RISKSHARD_API_URL and RISKSHARD_API_KEY, then
 * the local world that runs in this folder.
 *
 * @throws {FatalError} `input-connection` naming what is missing and the ways to give it.
 */
export function findConnection(sources: ConnectionSources): ApiConnection {
  const world = readWorld(sources.worldFile);
  const url = sources.url ?? sources.env["RISKSHARD_API_URL"] ?? world?.url;
  const isWorld = url !== undefined && url === world?.url;
  const key = keyOf(sources) ?? (isWorld ? world?.key : undefined);
  const missing = [
    ...(url === undefined ? ["address: give --api <url>, or set RISKSHARD_API_URL"] : []),
    ...(key === undefined ? ["key: give --key file:<path>, or set RISKSHARD_API_KEY"] : []),
  ];
  if (url !== undefined && key !== undefined) return { url: checkedUrl(url), key };
  const lines = [...missing, "or run this where a local world runs (.local/world.json)"];
  throw new FatalError("input-connection", `admin API unknown\n  ${lines.join("\n  ")}`);
}

/**
 * Sends one request and returns the decoded answer.
 *
 * @throws {RetryableError} `admin-api-unreachable` if nothing answers in time.
 * @throws {FatalError} `admin-api-refused` with the problem's code and detail.
 */
export async function callApi(
  { url, key }: ApiConnection,
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const headers = { "x-api-key": key, ...(body && { "content-type": "application/json" }) };
  const request = { headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) };
  const post = { method: "POST", body: JSON.stringify(body) };
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(
      new URL(path, url),
      body === undefined ? request : { ...request, ...post },
    );
    answer = await response.json();
  } catch (error) {
    const host = new URL(url).host;
    throw new RetryableError("admin-api-unreachable", `no answer from ${host}`, { cause: error });
  }
  if (response.ok || path === "/readyz") return answer;
  const { code, detail } = problemSchema.parse(answer);
  throw new FatalError("admin-api-refused", `${response.status} ${code}: ${detail}`);
}

const problemSchema = z.object({
  code: z.string().catch("unknown"),
  detail: z.string().catch("no detail given"),
});

/** @throws {FatalError} `config-secret` naming `--key`; a key given in place of a reference is not shown. */
function keyOf({ keyReference, env }: ConnectionSources): string | undefined {
  if (keyReference === undefined) return env["RISKSHARD_API_KEY"];
  try {
    return readSecret(keyReference, { env });
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    throw new FatalError(error.code, `--key: ${error.text}`, { cause: error });
  }
}

function readWorld(file: string): ApiConnection | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return worldSchema.parse(JSON.parse(readFileSync(file, "utf8"))).adminApi;
  } catch {
    return undefined;
  }
}

function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new FatalError("input-connection", `--api: must be an http or https URL; found "${url}"`);
}
