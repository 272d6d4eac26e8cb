import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { keepTransfer } from "#coordinator/cycles/transfers/join-transfers.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { Operator, TransferView } from "#coordinator/ports/operator.ts";
import { isSaidHeld, type TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { orderRecovery } from "#coordinator/stages/jobs/issue-recovery.ts";
import {
  isUnderWay,
  judgeTransfer,
  permittedRecovery,
  RECOVERY_STEPS,
} from "#coordinator/stages/jobs/judge-transfer.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

type Ports = { readonly journal: Journal; readonly clock: Clock; readonly log: Log };

/** What people see of cross-chain messages, and may order. */
export function operateTransfers(
  state: CoordinatorState,
  ports: Ports,
): Pick<Operator, "transfers" | "recoverTransfer" | "acknowledgeTransfer"> {
  const { journal, clock, log } = ports;
  const find = (guid: string): TransferRecord | undefined =>
    state.transfers.get(guid) ?? journal.transfers.find(guid);
  return {
    transfers: (query) =>
      journal.transfers.list(query).map((stored) => {
        // Memory also knows the newest look, which alone is not written to disk.
        return viewOf(state, state.transfers.get(stored.guid) ?? stored, clock.nowMs());
      }),
    recoverTransfer: (guid, reason) => {
      const record = find(guid);
      if (record === undefined) return { ordered: false, problem: "not-found" };
      const nowMs = clock.nowMs();
      const kind = permittedRecovery(record);
      const refusal = refuseRecovery(state, record, nowMs);
      if (kind === null || refusal !== null)
        return { ordered: false, problem: "not-recoverable", detail: refusal ?? "" };
      const next = orderRecovery(record, { kind, orderedBy: "operator", reason, nowMs });
      keepTransfer(state, ports, next);
      log.warn("recovery ordered by an operator", { guid, kind, reason });
      return { ordered: true, what: kind };
    },
    acknowledgeTransfer: (guid, reason) => {
      const record = find(guid);
      if (record === undefined) return { ordered: false, problem: "not-found" };
      if (!isSaidHeld(record)) {
        const detail = `state: found ${record.state}; only a transfer that is lost or held is acknowledged`;
        return { ordered: false, problem: "not-recoverable", detail };
      }
      keepTransfer(state, ports, { ...record, acknowledged: { reason, atMs: clock.nowMs() } });
      log.warn("loss of a transfer acknowledged by an operator", { guid, reason });
      return { ordered: true, what: "acknowledged" };
    },
  };
}

function refuseRecovery(
  state: CoordinatorState,
  record: TransferRecord,
  nowMs: number,
): string | null {
  if (state.shadow) return "a shadow orders nothing";
  if (record.isClosed || permittedRecovery(record) === null)
    return `state: found ${record.state}; what helps is ${RECOVERY_STEPS[record.state]}`;
  const last = record.recoveries.at(-1);
  if (last === undefined || !isUnderWay(record, nowMs)) return null;
  return `attempt ${last.attempt} is under way until ${last.deadlineSeconds}`;
}

function viewOf(state: CoordinatorState, record: TransferRecord, nowMs: number): TransferView {
  const { isStuck, step } = judgeTransfer(record, state.policy.transfers, nowMs);
  return { ...record, isStuck, nextStep: step, waitingMs: nowMs - record.progressAtMs };
}

/** How many messages are stuck now, and how many are said to be lost or held, proved or not. */
export function transferCounts(
  state: CoordinatorState,
  nowMs: number,
): { readonly stuck: number; readonly held: number } {
  const open = [...state.transfers.values()];
  const isStuck = (record: TransferRecord): boolean =>
    judgeTransfer(record, state.policy.transfers, nowMs).isStuck;
  return { stuck: open.filter(isStuck).length, held: open.filter(isSaidHeld).length };
}
