import { type Hex, hexToBigInt, hexToNumber, isHex } from "viem";
import type { HeadNews } from "#shard-agent/ports/head-news.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Log } from "#shared/ports/log.ts";

const REOPEN_FIRST_MS = 250;
const REOPEN_MAX_MS = 10_000;
/** An open connection that is so far behind a known head is a dead one. */
const BEHIND_MAX_BLOCKS = 2;
const SUBSCRIBE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "eth_subscribe",
  params: ["newHeads"],
});

export type AnnouncedHeadsOptions = {
  /** WebSocket endpoints; the first to announce a head is heard. */
  readonly urls: readonly string[];
  /** Whether what is announced is as good as an answer: a single endpoint is read, and it is the one that announces. */
  readonly isBelieved: boolean;
  readonly pause: Pause;
  readonly log: Log;
};

/** {@link HeadNews} by `eth_subscribe` over WebSocket; what breaks is opened anew, ever later, until closed. */
export function announcedHeads(
  o: AnnouncedHeadsOptions,
): HeadNews & { readonly close: () => void } {
  let newest: BlockHeader | null = null;
  let untold: BlockHeader | null = null;
  let wake: (() => void) | null = null;
  const onHead = (head: BlockHeader): void => {
    if (newest !== null && (head.hash === newest.hash || head.number < newest.number)) return;
    newest = head;
    untold = head;
    wake?.();
  };
  const sockets = o.urls.map((url, index) => keptSocket(url, { index, onHead, log: o.log }));
  return {
    wait: async (ms) => {
      const announced = new Promise<true>((resolve) => {
        wake = () => resolve(true);
        if (untold !== null) resolve(true);
      });
      const goesOn = await Promise.race([announced, o.pause(ms)]);
      wake = null;
      return goesOn;
    },
    take: () => {
      const head = untold;
      untold = null;
      return o.isBelieved ? head : null;
    },
    reaches: (head) => {
      if (newest === null || newest.number >= head.number) return newest !== null;
      if (head.number - newest.number > BEHIND_MAX_BLOCKS) {
        newest = null;
        for (const socket of sockets) socket.reopen();
      }
      return false;
    },
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

/** One connection that is opened anew until it is closed; it says once per outage that it is down. */
function keptSocket(
  url: string,
  o: { readonly index: number; readonly onHead: (head: BlockHeader) => void; readonly log: Log },
): { readonly reopen: () => void; readonly close: () => void } {
  let socket: WebSocket | null = null;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  // The whole URL may carry a key.
  const endpoint = `rpc.wsUrls[${o.index}] (${new URL(url).host})`;
  const open = (): void => {
    const opened = new WebSocket(url);
    socket = opened;
    opened.onopen = () => opened.send(SUBSCRIBE);
    opened.onmessage = ({ data }) => {
      const head = headOf(String(data));
      if (socket !== opened || head === null) return;
      if (failures > 0) o.log.info("heads are announced again", { endpoint });
      failures = 0;
      o.onHead(head);
    };
    opened.onerror = () => undefined;
    opened.onclose = () => {
      if (socket === opened) openLater();
    };
  };
  const openLater = (): void => {
    socket = null;
    if (isClosed) return;
    if (failures === 0) o.log.warn("heads are not announced; they are asked for", { endpoint });
    const waitMs = Math.min(REOPEN_MAX_MS, REOPEN_FIRST_MS * 2 ** failures);
    failures = Math.min(failures + 1, 10);
    timer = setTimeout(open, waitMs).unref();
  };
  const drop = (): void => {
    const dropped = socket;
    socket = null;
    dropped?.close();
  };
  open();
  return {
    reopen: () => {
      if (socket === null) return;
      drop();
      openLater();
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      drop();
    },
  };
}

const FIELDS = ["number", "hash", "parentHash", "timestamp"] as const;

/** The header of an announcement; null for any other message. */
function headOf(text: string): BlockHeader | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  const { params } = (message ?? {}) as { params?: { result?: Record<string, unknown> | null } };
  const head = params?.result;
  if (typeof head !== "object" || head === null) return null;
  if (!FIELDS.every((field) => isHex(head[field]))) return null;
  const { number, hash, parentHash, timestamp, baseFeePerGas } = head as Record<string, Hex>;
  return {
    number: hexToNumber(number ?? "0x0"),
    hash: hash ?? "0x",
    parentHash: parentHash ?? "0x",
    timestampMs: hexToNumber(timestamp ?? "0x0") * 1000,
    baseFeeWei: hexToBigInt(baseFeePerGas ?? "0x0"),
  };
}
