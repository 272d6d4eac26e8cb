import type { ReportPublisher } from "#shard-agent/ports/publisher.ts";
import type { UnnumberedReport } from "#shard-agent/records/unnumbered-report.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";

/** Reports in a row that one lie lasts. */
const LIES_MAX = 12;

/** A Byzantine agent: now and then its reports, rightly signed, say of its vault what its chain does not say. */
export function lyingPublisher(
  honest: ReportPublisher,
  faults: Faults,
  onLie: (blockHash: string) => void,
): ReportPublisher {
  let left = 0;
  let factor = 1;
  return {
    publish: (report) => {
      if (left === 0 && faults.roll("agent-lies", 0.004)) {
        left = faults.random.integer(1, LIES_MAX);
        factor = faults.random.chance(0.5) ? 2 : 0.5;
      }
      if (left === 0 || !faults.isActive()) return honest.publish(report);
      left -= 1;
      faults.bit("agent-lies");
      onLie(report.block.hash);
      return honest.publish(lie(report, factor));
    },
  };
}

function lie(report: UnnumberedReport, factor: number): UnnumberedReport {
  const times = (raw: string): string => String((BigInt(raw) * BigInt(factor * 2)) / 2n);
  const { collateral, chain } = report;
  return {
    ...report,
    collateral: collateral.map((line) =>
      line.underlying === null ? { ...line, amountRaw: times(line.amountRaw) } : line,
    ),
    chain: { ...chain, capitalRaw: times(chain.capitalRaw) },
  };
}
