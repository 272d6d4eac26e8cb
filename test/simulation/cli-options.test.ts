import { expect, test } from "vitest";
import { parseSimulateOptions } from "#test/simulation/cli-options.ts";
import { FAULT_KINDS } from "#test/simulation/engine/faults.ts";
import { rerunText } from "#test/simulation/modes.ts";
import { PLANTS } from "#test/simulation/plant/plants.ts";
import { runProcess } from "#test/support/runner/run-process.ts";

const NOTHING_GIVEN = {
  seed: 1,
  seeds: 1,
  steps: 4_000,
  harmless: false,
  signed: false,
  solved: false,
  plant: [],
  always: new Map(),
  liar: false,
  verbose: false,
};

test("without flags: one seed of the usual length", () => {
  expect(parseSimulateOptions([])).toEqual(NOTHING_GIVEN);
});

test("reads every flag", () => {
  const args =
    "--seed 0 --seeds 50 --steps 1 --signed --solved --plant vault-takes-twice --plant caps-not-reported " +
    "--always queue-flush=0.5 --always redis-down --role compete --liar --verbose";
  expect(parseSimulateOptions(args.split(" "))).toEqual({
    ...NOTHING_GIVEN,
    seed: 0,
    seeds: 50,
    steps: 1,
    signed: true,
    solved: true,
    plant: ["vault-takes-twice", "caps-not-reported"],
    always: new Map([
      ["queue-flush", 0.5],
      ["redis-down", 1],
    ]),
    role: "compete",
    liar: true,
    verbose: true,
  });
  expect(parseSimulateOptions(["--harmless"])).toEqual({ ...NOTHING_GIVEN, harmless: true });
});

const SEED = "Must be a whole number from 0 to 4294967295";
const RATE = "Must be a number from 0 to 1000";
test.each([
  ["--seed x", "--seed <n>' argument 'x'", SEED],
  ["--seed -1", "--seed <n>' argument '-1'", SEED],
  ["--seed 1.5", "--seed <n>' argument '1.5'", SEED],
  ["--seed", "--seed <n>' argument missing", "usage: npm run simulate --"],
  ["--seeds 0", "--seeds <n>' argument '0'", "Must be a whole number from 1 to 100000"],
  ["--seed 4294967295 --seeds 2", "--seeds: the last seed", "at most 4294967295; found 4294967296"],
  ["--steps -1", "--steps <n>' argument '-1'", "Must be a whole number from 1 to 10000000"],
  ["--plant nope", "--plant <name>' argument 'nope'", `Must be one of ${PLANTS.join(", ")}`],
  ["--plant worse-plan-is-taken", "--plant worse-plan-is-taken", "needs --solved"],
  ["--role nope", "--role <role>' argument 'nope'", "Must be one of share, compete, standby"],
  ["--always nope=3", "'nope=3'", `Must be one of ${FAULT_KINDS.join(", ")}`],
  ["--always redis-down=x", "--always <kind=rate>' argument 'redis-down=x'", RATE],
  ["--always redis-down=", "'redis-down='", RATE],
  ["--always redis-down=1=2", "'redis-down=1=2'", RATE],
  ["--always redis-down --harmless", "--always", "not together with --harmless"],
  ["--sed 7", "unknown option '--sed'", "usage: npm run simulate --"],
  ["7", "too many arguments", "usage: npm run simulate --"],
])("%s is refused: %s, %s", (args, found, allowed) => {
  const parse = () => parseSimulateOptions(args.split(" "));
  expect(parse).toThrow(expect.objectContaining({ code: "input-flags" }));
  expect(parse).toThrow(found);
  expect(parse).toThrow(allowed);
});

test.each([
  { args: ["--help"], exitCode: 0, said: /^Usage: npm run simulate -- / },
  { args: ["--seeds", "0"], exitCode: 2, said: /^option '--seeds <n>' .*\[input-flags\]\n$/ },
])("the command with $args exits $exitCode without a run", async ({ args, exitCode, said }) => {
  const running = runProcess("test/simulation/main.ts", args);
  expect(await running.exitCode).toBe(exitCode);
  expect(running.output()).toMatch(said);
});

test.each([
  { mode: "fast", flags: {} },
  { mode: "solved", flags: { solved: true } },
  { mode: "signed", flags: { solved: true, signed: true } },
] as const)("what a failing $mode seed says runs it again", ({ mode, flags }) => {
  const always = new Map([["redis-down", 3]] as const);
  const options = { seed: 7, steps: 500, role: "compete", hasLiar: true, always } as const;
  const [, args = ""] = /rerun: npm run simulate -- (.*), and/.exec(rerunText(mode, options)) ?? [];
  const { hasLiar: liar, ...rest } = options;
  const again = { ...NOTHING_GIVEN, ...rest, ...flags, liar, verbose: true };
  expect(parseSimulateOptions(args.split(" "))).toEqual(again);
});
