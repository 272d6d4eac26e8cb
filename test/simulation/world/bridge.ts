import type { Hex } from "#shared/units/ids.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";
import type { WorldOp } from "#test/simulation/world/world-op.ts";

type Message = {
  readonly guid: Hex;
  readonly srcEid: number;
  readonly dstEid: number;
  readonly amountRaw: bigint;
  readonly order: number;
  readyAtMs: number;
  hasFailed: boolean;
};

/** LayerZero as seen from outside: what left in a final block arrives once, some time, in any order. */
export type Bridge = {
  /** Takes up what left in blocks that have become final. */
  readonly observe: (chain: SimChain, nowMs: number) => void;
  /** Deliveries for the next block of a chain. */
  readonly deliveries: (chain: SimChain, nowMs: number) => WorldOp[];
  /** Messages that have not arrived at the head of their target. */
  readonly open: (chains: readonly SimChain[]) => number;
};

const DELAY_MS = [1_000, 6_000] as const;

export function newBridge(faults: Faults): Bridge {
  const messages = new Map<Hex, Message>();
  const scanned = new Map<string, number>();
  return {
    observe: (chain, nowMs) => {
      const final = chain.finalizedNumber();
      for (let number = (scanned.get(chain.site.shard) ?? 0) + 1; number <= final; number += 1) {
        for (const event of chain.at(number)?.events ?? []) {
          if (event.type !== "sent") continue;
          const { guid, dstEid, amountRaw } = event;
          const srcEid = chain.site.endpointId;
          const readyAtMs = nowMs + delayMs(faults);
          const order = messages.size;
          messages.set(guid, {
            guid,
            srcEid,
            dstEid,
            amountRaw,
            order,
            readyAtMs,
            hasFailed: false,
          });
        }
      }
      scanned.set(chain.site.shard, Math.max(final, scanned.get(chain.site.shard) ?? 0));
    },
    deliveries: (chain, nowMs) => {
      const { received } = chain.head().state;
      const mine = [...messages.values()].filter((one) => one.dstEid === chain.site.endpointId);
      return mine
        .filter((one) => one.readyAtMs <= nowMs)
        .filter((one) => attempt(one, { isReceived: received.has(one.guid), nowMs, faults }))
        .map(({ guid, srcEid, amountRaw, order }) => {
          const isOvertaking = mine.some((one) => one.order < order && !received.has(one.guid));
          if (isOvertaking && !received.has(guid)) faults.bit("bridge-out-of-order");
          return { kind: "receive", guid, srcEid, amountRaw };
        });
    },
    open: (chains) =>
      [...messages.values()].filter((one) => {
        const target = chains.find((chain) => chain.site.endpointId === one.dstEid);
        return target?.head().state.received.has(one.guid) === false;
      }).length,
  };
}

function delayMs(faults: Faults): number {
  const usual = faults.random.between(...DELAY_MS);
  if (!faults.roll("bridge-delay", 0.6)) return usual;
  faults.bit("bridge-delay");
  return usual + faults.random.between(10_000, 40_000);
}

function attempt(
  message: Message,
  o: { readonly isReceived: boolean; readonly nowMs: number; readonly faults: Faults },
): boolean {
  if (o.isReceived) {
    if (!o.faults.roll("bridge-duplicate", 0.02)) return false;
    o.faults.bit("bridge-duplicate");
    return true;
  }
  if (!message.hasFailed && o.faults.roll("bridge-failed-receive", 0.4)) {
    o.faults.bit("bridge-failed-receive");
    message.hasFailed = true;
    message.readyAtMs = o.nowMs + o.faults.random.between(4_000, 20_000);
    return false;
  }
  return true;
}
