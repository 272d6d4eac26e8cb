import { hexToNumber, isHex } from "viem";
import type { Log } from "#shared/ports/log.ts";

const REOPEN_FIRST_MS = 250;
const REOPEN_MAX_MS = 10_000;
/** Longer texts are no answers to anything that is asked. */
const TEXT_MAX = 64 * 1024 * 1024;
/** An endpoint that is connected and does not say its chain for so long is connected anew. */
const CHAIN_ID_WAIT_MS = 5_000;
/** Never used by those who ask over the connection. */
const CHAIN_ID_CALL = 0;

export type KeptSocketOptions = {
  readonly url: string;
  /** For the log: the whole URL may carry a key. */
  readonly endpoint: string;
  readonly chainId: number;
  /** What is said once per outage, and once it is over. */
  readonly words: { readonly down: string; readonly up: string };
  /** The connection is open, and the endpoint has said that it is of this chain. */
  readonly onOpen: () => void;
  /** Every message from then on; null for what is no JSON. */
  readonly onMessage: (message: unknown) => void;
  /** It is gone; another one may follow. */
  readonly onDown: () => void;
  readonly log: Log;
};

/** One WebSocket connection that is opened anew, ever later, until it is closed. */
export type KeptSocket = {
  /** False when it is not open: nothing was sent. */
  readonly send: (text: string) => boolean;
  /** To be called when it does what it is there for: the next outage is a new one. */
  readonly works: () => void;
  /** Gives up the present connection for another one. */
  readonly reopen: () => void;
  readonly close: () => void;
};

/**
 * {@link KeptSocket} to a JSON-RPC endpoint. Each connection is asked for its chain first: what is of another one is never
 * used, whatever stands behind the URL by then.
 */
export function keptSocket(o: KeptSocketOptions): KeptSocket {
  const { endpoint, log } = o;
  let socket: WebSocket | null = null;
  let isVerified = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const down = (): void => {
    socket = null;
    clearTimeout(timer);
    const wasOpen = isVerified;
    isVerified = false;
    if (wasOpen) o.onDown();
    if (isClosed) return;
    if (failures === 0) log.warn(o.words.down, { endpoint });
    const waitMs = Math.min(REOPEN_MAX_MS, REOPEN_FIRST_MS * 2 ** failures);
    failures = Math.min(failures + 1, 10);
    timer = setTimeout(open, waitMs).unref();
  };
  const reopen = (): void => {
    const dropped = socket;
    if (dropped === null) return;
    down();
    dropped.close();
  };
  const onText = (text: string): void => {
    const message = text.length > TEXT_MAX ? null : parsed(text);
    if (isVerified) o.onMessage(message);
    else onFirst(chainIdOf(message));
  };
  const onFirst = (found: number | null): void => {
    if (found === null) return;
    clearTimeout(timer);
    isVerified = found === o.chainId;
    if (!isVerified && failures === 0) sayOtherChain(o, found);
    if (isVerified) o.onOpen();
    else reopen();
  };
  const open = (): void => {
    const opened = new WebSocket(o.url);
    socket = opened;
    opened.onopen = () => {
      if (socket !== opened) return;
      opened.send(chainIdCall());
      timer = setTimeout(reopen, CHAIN_ID_WAIT_MS).unref();
    };
    opened.onmessage = ({ data }) => {
      if (socket === opened) onText(String(data));
    };
    opened.onerror = () => undefined;
    opened.onclose = () => {
      if (socket === opened) down();
    };
  };
  open();
  return {
    send: (text) => {
      if (socket === null || !isVerified || socket.readyState !== WebSocket.OPEN) return false;
      socket.send(text);
      return true;
    },
    works: () => {
      if (failures > 0) log.info(o.words.up, { endpoint });
      failures = 0;
    },
    reopen,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      reopen();
    },
  };
}

function sayOtherChain({ endpoint, chainId, log }: KeptSocketOptions, found: number): void {
  log.error("an RPC endpoint is of another chain; it is not used", { endpoint, found, chainId });
}

/**
 * The chain that an endpoint says it is of; null when it does not say in time.
 *
 * @param url WebSocket.
 */
export async function chainIdOver(url: string, timeoutMs: number): Promise<number | null> {
  const socket = new WebSocket(url);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const timer = setTimeout(() => resolve(null), timeoutMs);
  socket.onopen = () => socket.send(chainIdCall());
  socket.onmessage = ({ data }) => resolve(chainIdOf(parsed(String(data))));
  socket.onerror = () => resolve(null);
  socket.onclose = () => resolve(null);
  const found = await promise;
  clearTimeout(timer);
  socket.close();
  return found;
}

/** Name of an endpoint for logs. */
export function socketName(url: string, index: number): string {
  return `rpc.wsUrls[${index}] (${new URL(url).host})`;
}

function chainIdCall(): string {
  return JSON.stringify({ jsonrpc: "2.0", id: CHAIN_ID_CALL, method: "eth_chainId", params: [] });
}

/** Null for any other message. */
function chainIdOf(message: unknown): number | null {
  const { id, result } = (message ?? {}) as { readonly id?: unknown; readonly result?: unknown };
  if (id !== CHAIN_ID_CALL || !isHex(result)) return null;
  try {
    return hexToNumber(result);
  } catch {
    return null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
