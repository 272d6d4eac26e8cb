import { expect, onTestFinished, test } from "vitest";
import { sendHousekeeping } from "#shard-agent/cycles/housekeeping/send-housekeeping.ts";
import { TRACKED_HEAD as HEAD, trackedChain } from "#test/support/agent/tracked-chain.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const PREPARED = {
  reverts: false,
  gasLimit: 100_000n,
  baseFeeWei: 1_000_000_000n,
  headTimestampMs: HEAD.timestampMs,
} as const;

test.each([0, -600_000, 600_000])(
  "the time housekeeping is given is the chain's, whatever the agent's own clock says: %i ms off",
  async (offMs) => {
    const { chain, journal, ports } = trackedChain(temporaryFolder());
    onTestFinished(journal.close);
    const site = {
      ...ports,
      clock: { nowMs: () => HEAD.timestampMs + offMs },
      chain: { head: async () => HEAD },
      sender: { ...ports.sender, prepare: async () => PREPARED },
    };
    const call = { to: address20("b0"), data: "0x01", valueWei: 0n } as const;
    await sendHousekeeping(site, { id: "settle:s:1", call, payload: {}, what: "settlement" });
    expect(chain.broadcast).toHaveLength(1);
    expect(journal.get("settle:s:1")).toMatchObject({
      state: "broadcast",
      deadlineSeconds: HEAD.timestampMs / 1000 + 120,
    });
  },
);
