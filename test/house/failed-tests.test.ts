import { describe, expect, test } from "vitest";
import {
  failedForgeTests,
  failedTestsText,
  failedVitestTests,
  withoutPassedForgeTests,
} from "#test/house/failed-tests.ts";

const FORGE_OUTPUT = `Ran 2 tests for test/contracts/ShardVault.t.sol:ShardVaultTest
[FAIL: panic: arithmetic underflow or overflow (0x11)] test_pays_once() (gas: 100)
[PASS] test_pays() (gas: 538896)
Suite result: FAILED. 1 passed; 1 failed; 0 skipped; finished in 39.23ms (26.31ms CPU time)

Ran 1 test for test/contracts/Options.t.sol:OptionInvariantTest
[FAIL: assertion failed: 1 >= 1]
\t[Sequence] (original: 1, shrunk: 1)
\t\tsender=0x01 addr=[test/contracts/Options.t.sol:Handler]0x02 calldata=up() args=[]
 invariant_small() (runs: 0, calls: 0, reverts: 0)
Suite result: FAILED. 0 passed; 1 failed; 0 skipped; finished in 1ms (1ms CPU time)

Ran 1 test for test/contracts/VenueDesk.t.sol:VenueDeskTest
[FAIL: 2 != 3; counterexample: calldata=0x01 args=[1]] testFuzz_sums(uint256,int256) (runs: 0, μ: 0, ~: 0)
Suite result: FAILED. 0 passed; 1 failed; 0 skipped; finished in 1ms (1ms CPU time)

Failing tests:
Encountered 1 failing test in test/contracts/VenueDesk.t.sol:VenueDeskTest
[FAIL: 2 != 3; counterexample: calldata=0x01 args=[1]] testFuzz_sums(uint256,int256) (runs: 0, μ: 0, ~: 0)
`;

const failedInVitest = (message: string) =>
  failedVitestTests(
    {
      testResults: [
        { name: "/r/test/ok.test.ts", status: "passed", assertionResults: [] },
        { name: "/r/test/broken.test.ts", status: "failed", message, assertionResults: [] },
        {
          name: "/r/test/one.test.ts",
          status: "failed",
          message: "",
          assertionResults: [
            { fullName: "adds", status: "passed", failureMessages: [] },
            { fullName: "settles once", status: "failed", failureMessages: [message] },
          ],
        },
      ],
    },
    "/r",
  );

describe("what failed is named at the end of a run", () => {
  test("by file, name and message, a file that could not be loaded included", () => {
    expect(failedInVitest("expected 2 to be 1")).toEqual([
      { file: "test/broken.test.ts", name: "(the whole file)", message: "expected 2 to be 1" },
      { file: "test/one.test.ts", name: "settles once", message: "expected 2 to be 1" },
    ]);
  });

  test("with the first lines of a long message, and without its colours", () => {
    const lines = Array.from({ length: 30 }, (_, line) => `\u001b[31mline ${line}\u001b[39m`);
    const [failed] = failedInVitest(lines.join("\n"));
    expect(failed?.message.split("\n").at(11)).toBe("line 11");
    expect(failed?.message.split("\n").at(-1)).toBe("... 18 more lines above");
  });

  test("with each of forge's failures once, in the file it is in", () => {
    expect(failedForgeTests(FORGE_OUTPUT)).toEqual([
      {
        file: "test/contracts/ShardVault.t.sol",
        name: "test_pays_once()",
        message: "panic: arithmetic underflow or overflow (0x11)",
      },
      {
        file: "test/contracts/Options.t.sol",
        name: "invariant_small()",
        message: "assertion failed: 1 >= 1",
      },
      {
        file: "test/contracts/VenueDesk.t.sol",
        name: "testFuzz_sums(uint256,int256)",
        message: "2 != 3; counterexample: calldata=0x01 args=[1]",
      },
    ]);
  });

  test("and forge's passed tests are left out of what is printed, its failures are not", () => {
    const printed = withoutPassedForgeTests(FORGE_OUTPUT);
    expect(printed).not.toContain("test_pays()");
    expect(printed).toContain("test_pays_once()");
  });

  test("as one block a failure", () => {
    expect(failedTestsText([{ file: "a.test.ts", name: "adds", message: "one\ntwo" }])).toBe(
      "FAILED a.test.ts > adds\n    one\n    two",
    );
  });
});
