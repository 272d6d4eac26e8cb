import { expect, test } from "vitest";
import { poolLines } from "#coordinator/adapters/audit/audit-pools.ts";
import type { AuditView } from "#coordinator/adapters/audit/audit-view.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const [VAULT, ADAPTER, POOL] = [address20("a0"), address20("a1"), address20("a2")];

function reads(answers: Readonly<Record<string, unknown>>): AuditView {
  const answer = <T>({ name }: { readonly name: string }) => answers[name] as T;
  return {
    view: async (call) => answer(call),
    tryView: async (call) => answer(call),
    part: async (_key, read) => read(),
    unseen: new Set(),
  };
}

test.each([
  { takesTrades: true, venueAllowed: true, acceptsTrades: true },
  { takesTrades: false, venueAllowed: true, acceptsTrades: false },
  { takesTrades: true, venueAllowed: false, acceptsTrades: false },
  { takesTrades: false, venueAllowed: false, acceptsTrades: false },
])(
  "a pool accepts trades where its adapter's guard and the vault let them through: $takesTrades, $venueAllowed",
  async ({ takesTrades, venueAllowed, acceptsTrades }) => {
    const view = reads({ fee: 500, poolState: { takesTrades }, venueAllowed });
    const asked = [{ adapter: ADAPTER, pool: POOL }];
    const [line] = await poolLines(view, VAULT, asked);
    expect(line?.fields).toEqual({ feeFraction: 0.0005, acceptsTrades });
  },
);

test("nothing is said of a pool while any of it cannot be read", async () => {
  const view = reads({ fee: 500, poolState: { takesTrades: true }, venueAllowed: null });
  expect(await poolLines(view, VAULT, [{ adapter: ADAPTER, pool: POOL }])).toEqual([]);
});
