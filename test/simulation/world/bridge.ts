import type { Hex } from "#shared/units/ids.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";
import { payloadHashOf } from "#test/simulation/world/message.ts";
import type { WorldOp } from "#test/simulation/world/world-op.ts";

/** What LayerZero's workers will do with a message: an agent has to do the rest. */
type Fate = "arrives" | "delivery-fails" | "nobody-commits";

type Message = {
  readonly guid: Hex;
  readonly srcEid: number;
  readonly dstEid: number;
  readonly amountRaw: bigint;
  readonly payloadHash: Hex;
  readonly order: number;
  readonly readyAtMs: number;
  readonly fate: Fate;
};

/**
 * LayerZero as seen from outside: what left in a final block is attested some time, in any order. Most of
 * it is committed and executed; some of it is left attested, or verified with a failed delivery, for ever.
 */
export type Bridge = {
  /** Takes up what left in blocks that have become final. */
  readonly observe: (chain: SimChain, nowMs: number) => void;
  /** What the workers do in the next block of a chain. */
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
          const { guid, dstEid, amountRaw, message } = event;
          messages.set(guid, {
            guid,
            srcEid: chain.site.endpointId,
            dstEid,
            amountRaw,
            payloadHash: payloadHashOf(guid, message),
            order: messages.size,
            readyAtMs: nowMs + delayMs(faults),
            fate: fateOf(faults),
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
        .flatMap((one) => {
          const ops = work(one, chain, faults);
          const isOvertaking = mine.some((two) => two.order < one.order && !received.has(two.guid));
          const isNew = ops.length > 0 && !received.has(one.guid);
          if (isOvertaking && isNew) faults.bit("bridge-out-of-order");
          return ops;
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

function fateOf(faults: Faults): Fate {
  if (faults.roll("bridge-failed-receive", 0.4)) return "delivery-fails";
  return faults.roll("bridge-nobody-commits", 0.6) ? "nobody-commits" : "arrives";
}

/** What is still to be done at the head of the target: a reorganisation may have undone it. */
function work(message: Message, chain: SimChain, faults: Faults): WorldOp[] {
  const { guid, srcEid, amountRaw, payloadHash, fate } = message;
  const { received, messages } = chain.head().state;
  if (received.has(guid)) {
    if (!faults.roll("bridge-duplicate", 0.02)) return [];
    faults.bit("bridge-duplicate");
    return [{ kind: "receive", guid, srcEid, amountRaw }];
  }
  if (fate === "arrives") return [{ kind: "receive", guid, srcEid, amountRaw }];
  if (messages.has(guid)) return [];
  const stage = fate === "delivery-fails" ? "verified" : "attested";
  faults.bit(fate === "delivery-fails" ? "bridge-failed-receive" : "bridge-nobody-commits");
  const hasFailed = fate === "delivery-fails";
  return [{ kind: "verify", guid, srcEid, amountRaw, payloadHash, stage, hasFailed }];
}
