import { spawnSync } from "node:child_process";
import { Command } from "commander";
import { expect, test, vi } from "vitest";
import { parseCommandLine, requires } from "#shared/node/command-line.ts";

function parse(args: readonly string[]): unknown {
  const command = new Command("tool")
    .usage("--file <name>")
    .option("--file <name>", "what to read")
    .action(requires("file"));
  return parseCommandLine(command, args, "input-arguments");
}

test("gives the options", () => {
  expect(parse(["--file", "a"])).toEqual({ file: "a" });
});

test.each(["--help", "-h"])("%s shows the usage on standard output and gives nothing", (flag) => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    expect(parse([flag])).toBe(null);
    expect(write.mock.calls.join("")).toMatch(/^Usage: tool --file <name>\n[\s\S]*what to read/);
  } finally {
    write.mockRestore();
  }
});

test.each([
  { args: [], found: "--file: must be given; found nothing" },
  { args: ["--file"], found: "option '--file <name>' argument missing" },
  { args: ["--fiel", "x"], found: "unknown option '--fiel' (Did you mean --file?)" },
  { args: ["--file", "x", "y"], found: "too many arguments. Expected 0 arguments but got 1" },
])("$args is refused in one line with the usage", ({ args, found }) => {
  const message = `${found}; usage: tool --file <name>; --help tells more [input-arguments]`;
  expect(() => parse(args)).toThrow(expect.objectContaining({ message }));
});

test.each([
  { name: "riskshard-coordinator", usage: "--config <file> [--shadow]" },
  { name: "riskshard-agent", usage: "--config <file>" },
])("$name tells its usage, and refuses what it does not know", ({ name, usage }) => {
  const run = (flag: string) =>
    spawnSync(process.execPath, [`shared/node/bin/${name}.mjs`, flag], { encoding: "utf8" });
  const help = run("--help");
  expect(help).toMatchObject({ status: 0, stderr: "" });
  expect(help.stdout).toContain(`Usage: ${name} ${usage}\n`);
  const wrong = run("--confg");
  expect(wrong).toMatchObject({ status: 2, stdout: "" });
  expect(wrong.stderr).toContain(
    `unknown option '--confg' (Did you mean --config?); usage: ${name}`,
  );
});
