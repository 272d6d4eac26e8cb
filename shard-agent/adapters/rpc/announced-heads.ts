import { type Hex, hexToBigInt, hexToNumber, isHex } from "viem";
import {
  type KeptSocket,
  type KeptSocketOptions,
  keptSocket,
  socketName,
} from "#shard-agent/adapters/rpc/kept-socket.ts";
import type { HeadNews } from "#shard-agent/ports/head-news.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Log } from "#shared/ports/log.ts";

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
  readonly chainId: number;
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
  const { chainId, log } = o;
  const sockets = o.urls.map((url, index) =>
    headSocket({ url, endpoint: socketName(url, index), chainId, log }, onHead),
  );
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

type HeadSocket = Pick<KeptSocket, "reopen" | "close"> & {
  /** What was announced last since it was opened. */
  readonly last: () => BlockHeader | null;
};

function headSocket(
  o: Pick<KeptSocketOptions, "url" | "endpoint" | "chainId" | "log">,
  onHead: (head: BlockHeader) => void,
): HeadSocket {
  let last: BlockHeader | null = null;
  const socket = keptSocket({
    ...o,
    words: {
      down: "heads are not announced; they are asked for",
      up: "heads are announced again",
    },
    onOpen: () => void socket.send(SUBSCRIBE),
    onMessage: (message) => {
      const head = headOf(message);
      if (head === null || head.hash === last?.hash) return;
      socket.works();
      last = head;
      onHead(head);
    },
    onDown: () => {
      last = null;
    },
  });
  return { last: () => last, reopen: socket.reopen, close: socket.close };
}

const FIELDS = ["number", "hash", "parentHash", "timestamp"] as const;

/** The header of an announcement; null for any other message, and for one that cannot be read. */
function headOf(message: unknown): BlockHeader | null {
  try {
    const { params } = message as { params: { result: Record<string, Hex> } };
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
