import { encodeFunctionData, serializeTransaction } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { expect, test } from "vitest";
import { maxWeiPerDay } from "#shard-agent/adapters/signing/guard-rules.ts";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import {
  ceilingProblem,
  type SigningCeilings,
} from "#shard-agent/adapters/signing/signing-ceilings.ts";
import { signingGuard } from "#shard-agent/adapters/signing/signing-guard.ts";
import type { SpendingBudget } from "#shard-agent/ports/spending-budget.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { NO_BUDGET, NO_CEILINGS } from "#test/support/agent/signing-ceilings.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const KEY = localSigner(generatePrivateKey());
const BOOK = address20("02");
const SERIES = hash32("5e");
const SETTLE = encodeFunctionData({
  abi: optionBookAbi,
  functionName: "settle",
  args: [SERIES, 7n],
});
/** An entry that allows everything: altered, or made by a fault. */
const GREEDY = { gasFeeCapWei: 10n ** 30n };

function guarded(
  ceilings: Partial<SigningCeilings>,
  budget: Pick<SpendingBudget, "judge"> = NO_BUDGET,
) {
  const rules = {
    chainId: 8453,
    vault: address20("01"),
    venueDesk: null,
    optionBook: BOOK,
    recovery: null,
    upkeepAccounts: [],
    mandateSigners: [],
    mandateQuorum: 1,
    ceilings: { ...NO_CEILINGS, ...ceilings },
  };
  return signingGuard(KEY, rules, budget);
}

type Fees = { readonly gas?: bigint; readonly maxFeePerGas?: bigint; readonly nonce?: number };

function sign(
  guard: ReturnType<typeof guarded>,
  fees: Fees,
  kind: "settlement" | "cancel" = "settlement",
) {
  const { gas = 100_000n, maxFeePerGas = 10n, nonce = 1 } = fees;
  const call = kind === "cancel" ? { to: KEY.address } : { to: BOOK, data: SETTLE };
  const rest = { type: "eip1559", chainId: 8453, value: 0n, maxPriorityFeePerGas: 1n } as const;
  const unsigned = serializeTransaction({ ...rest, ...call, gas, maxFeePerGas, nonce });
  const payload = JSON.stringify({ seriesId: SERIES, roundId: "7" });
  return guard.sign(unsigned, { kind, payload, ...GREEDY });
}

test.each([
  ["a dear unit of gas", { maxFeePerGasWei: 9n }, /maxFeePerGas: found 10 wei; at most 9 wei/],
  ["much gas", { maxGasLimit: 99_999n }, /gas: found 100000; at most 99999/],
  ["a dear transaction", { maxGasFeeWei: 999_999n }, /may cost 1000000 wei; .* 999999 wei/],
] as const)(
  "whatever its entry allows, %s is refused by the ceiling of the configuration",
  async (_name, ceilings, why) => {
    const refused = sign(guarded(ceilings), {});
    await expect(refused).rejects.toMatchObject({ code: "signing-ceiling", liftsAtMs: null });
    await expect(refused).rejects.toThrow(why);
    const [name, most] = Object.entries(ceilings)[0] ?? [];
    await expect(sign(guarded({ [name as string]: (most ?? 0n) + 1n }), {})).resolves.toMatch(
      /^0x/,
    );
  },
);

test("a transaction carries no more coins than its ceiling", () => {
  const ceilings = { ...NO_CEILINGS, maxValueWei: 5n };
  expect(ceilingProblem({ chainId: 1, value: 5n }, ceilings)).toBeNull();
  expect(ceilingProblem({ chainId: 1, value: 6n }, ceilings)).toBe(
    "value: found 6 wei; at most 5 wei",
  );
});

test("what does not fit into the day's budget is not signed, and when it will fit is told; a cancel always is", async () => {
  const asked: unknown[] = [];
  const judge = (transaction: unknown) => {
    asked.push(transaction);
    return { what: "9 wei within 24 hours", liftsAtMs: 5_000 };
  };
  const refused = sign(guarded({}, { judge }), { gas: 70n, maxFeePerGas: 3n, nonce: 4 });
  await expect(refused).rejects.toMatchObject({ code: "signing-ceiling", liftsAtMs: 5_000 });
  expect(asked).toEqual([{ nonce: 4, costWei: 210n }]);
  await expect(sign(guarded({}, { judge }), {}, "cancel")).resolves.toMatch(/^0x/);
  expect(asked).toHaveLength(1);
});

test.each([
  ["left out", {}, 100n * 7n + 5n],
  ["set", { maxWeiPerDay: "11" }, 11n],
  ["switched off", { maxWeiPerDay: null }, null],
] as const)("the most that a day may cost, %s", (_name, change, most) => {
  const signing = { maxGasLimit: 21_000, maxValueWei: "5", ...change };
  const gasFees = { maxGasFeeWei: "7", maxFeePerGasWei: "1" };
  expect(maxWeiPerDay({ gasFees, signing })).toBe(most);
});
