import { RetryableError } from "#shared/errors.ts";

const TIMEOUT_MS = 3000;

/**
 * What a signing service answers, parsed when it is JSON.
 *
 * @throws {RetryableError} `signer-unreachable` without an answer in 3 s, or with a status that is not 2xx.
 */
export async function postJson(
  url: string,
  o: { readonly body: string; readonly headers?: Record<string, string> },
): Promise<unknown> {
  const host = new URL(url).host;
  const headers = { "content-type": "application/json", ...o.headers };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body: o.body,
      signal,
      redirect: "error",
    });
    const text = await answer.text();
    if (!answer.ok)
      throw new RetryableError("signer-unreachable", `Signer at ${host}: status ${answer.status}`);
    return parsed(text);
  } catch (error) {
    if (error instanceof RetryableError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new RetryableError("signer-unreachable", `Signer at ${host}: ${reason}`, {
      cause: error,
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
