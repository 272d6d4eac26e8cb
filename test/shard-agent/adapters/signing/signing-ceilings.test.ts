import fc from "fast-check";
import { encodeFunctionData, serializeTransaction } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { expect, test } from "vitest";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import {
  ceilingProblem,
  type SigningCeilings,
} from "#shard-agent/adapters/signing/signing-ceilings.ts";
import { signingGuard } from "#shard-agent/adapters/signing/signing-guard.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { DAY_MS } from "#shared/units/time.ts";
import { NO_CEILINGS } from "#test/support/agent/signing-ceilings.ts";
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

function guarded(ceilings: Partial<SigningCeilings>, nowMs = () => 0) {
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
  return signingGuard(KEY, rules, { nowMs });
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
  ["a day's budget", { maxWeiPerDay: 999_999n }, /1000000 wei within 24 hours/],
] as const)(
  "whatever its entry allows, %s is refused by the ceiling of the configuration",
  async (_name, ceilings, why) => {
    const refused = sign(guarded(ceilings), {});
    await expect(refused).rejects.toMatchObject({ code: "signing-ceiling" });
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

test("a day's budget counts each nonce once at the most it may cost, whatever is signed in whatever order", async () => {
  const step = fc.record({
    nonce: fc.nat(4),
    maxFeePerGas: fc.bigInt({ min: 1n, max: 40n }),
    waitMs: fc.constantFrom(0, 1_000, DAY_MS / 3, DAY_MS + 1),
    isCancel: fc.boolean(),
  });
  const budgetWei = 6_000_000n;
  const check = async (
    steps: readonly { nonce: number; maxFeePerGas: bigint; waitMs: number; isCancel: boolean }[],
  ) => {
    let nowMs = 0;
    const guard = guarded({ maxWeiPerDay: budgetWei }, () => nowMs);
    const signed: { nonce: number; costWei: bigint; atMs: number; isCancel: boolean }[] = [];
    for (const { nonce, maxFeePerGas, waitMs, isCancel } of steps) {
      nowMs += waitMs;
      const kind = isCancel ? "cancel" : "settlement";
      const isSigned = await sign(guard, { nonce, maxFeePerGas }, kind).then(
        () => true,
        () => false,
      );
      if (isCancel) expect(isSigned).toBe(true);
      if (isSigned) signed.push({ nonce, costWei: 100_000n * maxFeePerGas, atMs: nowMs, isCancel });
      // What was signed without a cancel within any 24 hours fits into the budget.
      const most = new Map<number, bigint>();
      for (const one of signed.filter(({ atMs }) => atMs > nowMs - DAY_MS)) {
        if (one.isCancel) continue;
        const before = most.get(one.nonce) ?? 0n;
        most.set(one.nonce, one.costWei > before ? one.costWei : before);
      }
      const spent = [...most.values()].reduce((sum, one) => sum + one, 0n);
      expect(spent <= budgetWei).toBe(true);
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), check), { numRuns: 60 });
});
