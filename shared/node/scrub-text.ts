const URL_PATTERN = /\b([a-z][a-z0-9+.-]*):\/\/([^\s"'<>\\,)\]}]+)/gi;

/**
 * Text that may be shown: every URL is cut to scheme, host and port (paths, queries and user names
 * of RPC and Redis URLs carry keys), and every string of `secrets` is replaced.
 *
 * @param secrets Exact strings to hide; those shorter than 8 characters are left alone, because
 *   hiding them would garble ordinary text.
 */
export function scrubText(text: string, secrets: readonly string[] = []): string {
  let scrubbed = text.replace(URL_PATTERN, (_match, scheme: string, rest: string) => {
    return `${scheme}://${shownHost(rest)}`;
  });
  for (const secret of secrets) {
    if (secret.length >= 8) scrubbed = scrubbed.replaceAll(secret, "[secret]");
  }
  return scrubbed;
}

function shownHost(rest: string): string {
  const pathStart = rest.search(/[/?#]/);
  const authority = pathStart < 0 ? rest : rest.slice(0, pathStart);
  const path = pathStart < 0 ? "" : rest.slice(pathStart);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return path === "" || path === "/" ? host : `${host}/...`;
}
