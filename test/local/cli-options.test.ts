import { expect, test } from "vitest";
import { parseCliOptions } from "#test/local/cli-options.ts";

test("without flags: three chains until Ctrl-C", () => {
  expect(parseCliOptions([])).toMatchObject({
    chains: 3,
    minutes: null,
    jsonFile: null,
    withMarket: true,
    withTakers: true,
    prices: null,
    shadow: false,
  });
});

test("reads every flag", () => {
  const args =
    "--minutes 2.5 --seed 0 --chains 8 --json /tmp/s.json --no-takers --prices p.csv --speed 5 --shadow";
  expect(parseCliOptions(args.split(" "))).toMatchObject({
    minutes: 2.5,
    seed: 0,
    chains: 8,
    jsonFile: "/tmp/s.json",
    withTakers: false,
    prices: { speed: 5 },
    shadow: true,
  });
});

test.each([
  { args: ["--chains", "1"], text: /argument '1' is invalid. Must be a whole number from 2 to 8/ },
  { args: ["--chains", "9"], text: /2 to 8/ },
  { args: ["--minutes", "x"], text: /Must be a number from 1 to 1440/ },
  { args: ["--seed", "1.5"], text: /whole number/ },
  { args: ["--seed", "-1"], text: /seed/ },
  { args: ["--wrong"], text: /unknown option '--wrong'/ },
  { args: ["extra"], text: /too many arguments/ },
  { args: ["--speed", "2"], text: /--speed: needs --prices/ },
  { args: ["--prices", "p.csv", "--no-market"], text: /--prices: not together with --no-market/ },
  { args: ["--json", "/nowhere/s.json"], text: /--json: the folder \/nowhere does not exist/ },
])("refuses $args", ({ args, text }) => {
  expect(() => parseCliOptions(args)).toThrow(text);
});
