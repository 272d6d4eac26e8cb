import fc from "fast-check";
import { type AbiParameter, decodeFunctionResult, encodeFunctionResult, type Hex } from "viem";
import { describe, expect, test } from "vitest";
import { shardLensAbi } from "#shared/evm/abi/shard-lens.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { abiReader } from "#shared/evm/abi-reader.ts";

type Sample = { readonly parameter: AbiParameter; readonly value: unknown };

const hexOf = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((raw) => `0x${Buffer.from(raw).toString("hex")}`);

function integer(bits: number, isSigned: boolean): fc.Arbitrary<unknown> {
  const half = 1n << BigInt(bits - 1);
  const [min, max] = isSigned ? [-half, half - 1n] : [0n, 2n * half - 1n];
  return fc.bigInt({ min, max }).map((value) => (bits <= 48 ? Number(value) : value));
}

/** An arbitrary value of an arbitrary type. */
const scalar: fc.Arbitrary<{ type: string; values: fc.Arbitrary<unknown> }> = fc.oneof(
  fc.constantFrom(8, 32, 40, 48, 56, 64, 80, 128, 256).chain((bits) =>
    fc.boolean().map((isSigned) => ({
      type: `${isSigned ? "int" : "uint"}${bits}`,
      values: integer(bits, isSigned),
    })),
  ),
  fc.constant({ type: "address", values: hexOf(20) }),
  fc.constant({ type: "bool", values: fc.boolean() }),
  fc.constantFrom(1, 4, 20, 32).map((size) => ({ type: `bytes${size}`, values: hexOf(size) })),
  fc.constant({ type: "string", values: fc.string({ unit: "binary" }) }),
  fc.constant({ type: "bytes", values: fc.nat({ max: 70 }).chain(hexOf) }),
);

type Shape = { readonly parameter: AbiParameter; readonly values: fc.Arbitrary<unknown> };

function shape(depth: number): fc.Arbitrary<Shape> {
  const flat = scalar.map(({ type, values }): Shape => ({ parameter: { type, name: "" }, values }));
  if (depth === 0) return flat;
  const inner = shape(depth - 1);
  return fc.oneof(
    { weight: 2, arbitrary: flat },
    { weight: 1, arbitrary: inner.map((one) => arrayOf(one, null)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(inner, fc.integer({ min: 1, max: 3 }))
        .map(([one, size]) => arrayOf(one, size)),
    },
    { weight: 2, arbitrary: fc.array(inner, { minLength: 1, maxLength: 4 }).map(tupleOf) },
  );
}

function arrayOf({ parameter, values }: Shape, size: number | null): Shape {
  const lengths = size === null ? { maxLength: 4 } : { minLength: size, maxLength: size };
  return {
    parameter: { ...parameter, type: `${parameter.type}[${size ?? ""}]` },
    values: fc.array(values, lengths),
  };
}

function tupleOf(shapes: readonly Shape[]): Shape {
  const components = shapes.map(({ parameter }, index) => ({ ...parameter, name: `f${index}` }));
  const record = Object.fromEntries(shapes.map(({ values }, index) => [`f${index}`, values]));
  return { parameter: { type: "tuple", name: "", components }, values: fc.record(record) };
}

const anySamples: fc.Arbitrary<Sample[]> = fc.array(
  shape(3).chain(({ parameter, values }) => values.map((value) => ({ parameter, value }))),
  { minLength: 1, maxLength: 3 },
);

function viewWith(outputs: readonly AbiParameter[]) {
  return [
    { type: "function", name: "read", inputs: [], outputs, stateMutability: "view" },
  ] as const;
}

describe("reads what viem reads:", () => {
  test("values of any types", () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        const abi = viewWith(samples.map(({ parameter }) => parameter));
        const values = samples.map(({ value }) => value);
        const result = values.length === 1 ? values[0] : values;
        const data = encodeFunctionResult({ abi, functionName: "read", result } as never);
        const expected = decodeFunctionResult({ abi, functionName: "read", data } as never);
        expect(abiReader(abi as never, "read")(data)).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  test("a shard as the lens gives it, also after any byte of it was changed, or refuses it", () => {
    const read = abiReader(shardLensAbi, "readState");
    const data = lensData();
    const viaViem = (hex: Hex) =>
      decodeFunctionResult({ abi: shardLensAbi, functionName: "readState", data: hex });
    expect(read(data)).toEqual(viaViem(data));
    fc.assert(
      fc.property(fc.nat({ max: data.length / 2 - 2 }), fc.nat({ max: 255 }), (at, byte) => {
        const changed =
          `${data.slice(0, 2 + 2 * at)}${byte.toString(16).padStart(2, "0")}${data.slice(4 + 2 * at)}` as Hex;
        const mine = outcomeOf(() => read(changed));
        const theirs = outcomeOf(() => viaViem(changed));
        if (mine.ok && theirs.ok) expect(mine).toEqual(theirs);
        if (!theirs.ok) expect(mine.ok).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("refuses data cut off anywhere", () => {
    const read = abiReader(shardLensAbi, "readState");
    const data = lensData();
    for (let end = 2; end < data.length; end += 62) {
      expect(() => read(data.slice(0, end) as Hex)).toThrow(RangeError);
    }
  });
});

test("a list that claims more than there is costs nothing", () => {
  const abi = viewWith([{ type: "uint256[]", name: "" }]);
  const word = (value: number) => value.toString(16).padStart(64, "0");
  const data = `0x${word(32)}${word(2 ** 31)}${word(1)}` as Hex;
  expect(() => abiReader(abi as never, "read")(data)).toThrow("a list of");
});

test("a function that is not in the ABI is named", () => {
  expect(() => abiReader(shardVaultAbi, "nothing")).toThrow("the ABI has no function nothing");
});

function lensData(): Hex {
  const address = (byte: string) => `0x${byte.repeat(20)}` as const;
  const price = { asset: address("0a"), roundId: 7n, answer: -5n, updatedAt: 1_790_000_000n };
  const slice = { expiry: 9n, a: -1n, b: 2n, rho: -3n, m: 4n, sigma: 5n, updatedAt: 6n };
  const state = { spotTick: -887_272, twapTick: 5, hasHistory: true, takesTrades: false };
  return encodeFunctionResult({
    abi: shardLensAbi,
    functionName: "readState",
    result: {
      timestamp: 1_790_000_001n,
      epoch: 3n,
      leader: address("1e"),
      paused: false,
      countedAssets: 10n ** 12n,
      bookRevision: 2n ** 200n,
      marginBps: 1_000,
      settlementAsset: address("c0"),
      settlementBalance: 1n,
      settlementPrice: price,
      hedgeAssets: [address("e0"), address("b0")],
      hedgeBalances: [1n, 2n],
      hedgePrices: [price, price],
      volatility: [
        { underlying: address("e0"), slices: [slice, slice] },
        { underlying: address("b0"), slices: [] },
      ],
      pools: [{ sqrtPriceX96: 2n ** 96n, tick: -887_272, tickSpacing: 60, liquidity: 7n, state }],
      twapGuard: { windowSeconds: 60, maxDeviationTicks: 100, observations: 40 },
      senderBalancesWei: [5n],
    },
  });
}

function outcomeOf(run: () => unknown): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: run() };
  } catch {
    return { ok: false };
  }
}
