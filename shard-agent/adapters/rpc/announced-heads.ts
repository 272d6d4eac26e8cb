import { type Hex, hexToBigInt, hexToNumber, isHex } from "viem";
import type { HeadNews } from "#shard-agent/ports/head-news.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Log } from "#shared/ports/log.ts";

const REOPEN_FIRST_MS = 250;
const REOPEN_MAX_MS = 10_000;
/** An open connection that is so far behind a known head is a dead one. */
const BEHIND_MAX_BLOCKS = 2;
/** Least time between two looks that announcements ask for: an endpoint that announces without end makes few calls. */
const BETWEEN_NEWS_MS = 25;
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

/**
 * {@link HeadNews} by `eth_subscribe` over WebSocket; what breaks is opened anew, ever later, until closed. Whatever one
 * endpoint announces, true or not, takes nothing from what the others do.
 */
export function announcedHeads(
  o: AnnouncedHeadsOptions,
): HeadNews & { readonly close: () => void } {
  let newest: BlockHeader | null = null;
  let untold: BlockHeader | null = null;
  let wake: (() => void) | null = null;
  let isHurried = false;
  const onHead = (head: BlockHeader): void => {
    // Nothing goes back to what one of several connections tells late; what is not believed hides nothing.
    if (o.isBelieved && newest !== null && head.number < newest.number) return;
    newest = head;
    untold = head;
    wake?.();
  };
  const sockets = o.urls.map((url, index) => keptSocket(url, { index, onHead, log: o.log }));
  return {
    wait: async (ms) => {
      if (isHurried && !(await o.pause(Math.min(ms, BETWEEN_NEWS_MS)))) return false;
      isHurried = false;
      const announced = new Promise<true>((resolve) => {
        wake = () => {
          isHurried = true;
          resolve(true);
        };
        if (untold !== null) wake();
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
      for (const socket of sockets) {
        const last = socket.last();
        if (last === null || head.number - last.number <= BEHIND_MAX_BLOCKS) continue;
        newest = null;
        socket.reopen();
      }
      return sockets.some((socket) => socket.last()?.hash === head.hash);
    },
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

type KeptSocket = {
  /** What was announced last since it was opened. */
  readonly last: () => BlockHeader | null;
  readonly reopen: () => void;
  readonly close: () => void;
};

/** One connection that is opened anew until it is closed; it says once per outage that it is down. */
function keptSocket(
  url: string,
  o: { readonly index: number; readonly onHead: (head: BlockHeader) => void; readonly log: Log },
): KeptSocket {
  let socket: WebSocket | null = null;
  let last: BlockHeader | null = null;
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
      if (socket !== opened || head === null || head.hash === last?.hash) return;
      if (failures > 0) o.log.info("heads are announced again", { endpoint });
      failures = 0;
      last = head;
      o.onHead(head);
    };
    opened.onerror = () => undefined;
    opened.onclose = () => {
      if (socket === opened) openLater();
    };
  };
  const openLater = (): void => {
    socket = null;
    last = null;
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
    last: () => last,
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

/** The header of an announcement; null for any other message, and for one that cannot be read. */
function headOf(text: string): BlockHeader | null {
  try {
    const { params } = JSON.parse(text) as { params: { result: Record<string, Hex> } };
    const head = params.result;
    if (!FIELDS.every((field) => isHex(head[field]))) return null;
    const { number, hash, parentHash, timestamp, baseFeePerGas } = head;
    return {
      number: hexToNumber(number ?? "0x"),
      hash: hash ?? "0x",
      parentHash: parentHash ?? "0x",
      timestampMs: hexToNumber(timestamp ?? "0x") * 1000,
      baseFeeWei: hexToBigInt(baseFeePerGas ?? "0x0"),
    };
  } catch {
    return null;
  }
}
