import type { BlockHeader, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { FaultKind, Faults } from "#test/simulation/engine/faults.ts";
import type { ReadSubject, SimReceipt } from "#test/simulation/world/money-reads.ts";
import type { NodeView } from "#test/simulation/world/rpc.ts";
import { digest } from "#test/simulation/world/site.ts";

/** An endpoint that answers, and now and then with what is not so. */
export type Liar = {
  /** What it says of a block instead. */
  readonly state: (
    subject: ReadSubject,
    view: NodeView,
    perform: (view: NodeView) => unknown,
  ) => unknown;
  readonly header: (header: BlockHeader | null, view: NodeView, tag: string) => BlockHeader | null;
  readonly events: <T>(events: readonly T[]) => readonly T[];
  readonly receipt: (receipt: SimReceipt | null) => SimReceipt | null;
  /** True when it takes a transaction and shows it to nobody. */
  readonly swallows: () => boolean;
};

const OLD_HEAD_BLOCKS = 12;

export function newLiar(faults: Faults): Liar {
  /** Bites only where the lie differs from the truth. */
  const say = <T>(kind: FaultKind, truth: T, lie: T): T => {
    if (textOf(truth) !== textOf(lie)) faults.bit(kind);
    return lie;
  };
  const withheld = <T extends { readonly named: readonly unknown[] }>(truth: T): T => {
    if (truth.named.length === 0 || !faults.roll("rpc-lie-logs", SELDOM)) return truth;
    return say("rpc-lie-logs", truth, { ...truth, named: [] });
  };
  return {
    state: (subject, view, perform) => {
      const truth = perform(view);
      if (faults.roll("rpc-lie-other-block", SELDOM))
        return say("rpc-lie-other-block", truth, ofParent(view, perform));
      switch (subject) {
        case "snapshot":
          if (!faults.roll("rpc-lie-balance", SELDOM)) return truth;
          return say("rpc-lie-balance", truth, richer(truth as ShardSnapshot));
        case "balance":
          return faults.roll("rpc-lie-balance", OFTEN) ? say("rpc-lie-balance", truth, 0n) : truth;
        case "vault":
          if (!faults.roll("rpc-lie-consumed", OFTEN)) return truth;
          return say("rpc-lie-consumed", truth, contradicted(truth as { consumed: boolean }));
        case "nonce":
          if (!faults.roll("rpc-lie-nonce", OFTEN)) return truth;
          return say("rpc-lie-nonce", truth, Number(truth) + 3);
        case "events":
          return withheld(truth as { readonly named: readonly unknown[] });
        case "transfers":
          return truth;
      }
    },
    header: (truth, view, tag) => {
      if (tag === "latest" && faults.roll("rpc-lie-old-head", SELDOM)) {
        const old = view.at(Math.max(0, view.head.header.number - OLD_HEAD_BLOCKS));
        return say("rpc-lie-old-head", truth, old?.header ?? truth);
      }
      if (truth === null || !faults.roll("rpc-lie-forged-header", SELDOM)) return truth;
      const number = tag === "latest" ? truth.number + 1_000 : truth.number;
      return say("rpc-lie-forged-header", truth, {
        ...truth,
        number,
        hash: digest("forged", number),
      });
    },
    events: (truth) => {
      if (truth.length === 0 || !faults.roll("rpc-lie-logs", SELDOM)) return truth;
      return say("rpc-lie-logs", truth.length, 0) === 0 ? [] : truth;
    },
    receipt: (truth) => {
      if (truth === null || !faults.roll("rpc-lie-receipt", OFTEN)) return truth;
      const lie = faults.random.chance(0.5) ? null : { ...truth, succeeded: !truth.succeeded };
      return say<SimReceipt | null>("rpc-lie-receipt", truth, lie);
    },
    swallows: () => {
      const isSwallowed = faults.roll("rpc-swallowed-broadcast", OFTEN);
      if (isSwallowed) faults.bit("rpc-swallowed-broadcast");
      return isSwallowed;
    },
  };
}

/** Of reads at every block, and of reads that only jobs make. */
const SELDOM = 0.004;
const OFTEN = 0.8;

/** The same question, answered with the block before. */
function ofParent(view: NodeView, perform: (view: NodeView) => unknown): unknown {
  const byHash: NodeView["byHash"] = (hash) => {
    const block = view.byHash(hash);
    return block === undefined ? undefined : (view.byHash(block.header.parentHash) ?? block);
  };
  return perform({ ...view, byHash });
}

function richer(truth: ShardSnapshot): ShardSnapshot {
  const { settlement } = truth;
  return {
    ...truth,
    capitalRaw: truth.capitalRaw * 2n,
    settlement: { ...settlement, balanceRaw: settlement.balanceRaw * 2n },
  };
}

function contradicted<T extends { readonly consumed: boolean }>(truth: T): T {
  return { ...truth, consumed: !truth.consumed };
}

/** Equal for equal answers. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? `${one}n` : one));
}
