import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readForks } from "#test/local/fork/fork-config.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const ADDRESS = "0x1111111111111111111111111111111111111111";
const CONFIG = {
  layerZero: { endpoint: ADDRESS, sendUln: ADDRESS, receiveUln: ADDRESS, treasury: ADDRESS },
  uniswap: { factory: ADDRESS, swapRouter: ADDRESS, quoterV2: ADDRESS, positionManager: ADDRESS },
  weth: ADDRESS,
  btc: { token: ADDRESS, holder: ADDRESS },
};

test("no variable, no fork", () => {
  expect(readForks({ PATH: "/bin", FORK_URL_BASE: "" }).size).toBe(0);
});

test("reads a chain's URL and its third-party contracts", () => {
  const file = join(temporaryFolder(), "base.yaml");
  writeFileSync(file, JSON.stringify(CONFIG));
  const forks = readForks({ FORK_URL_BASE: "http://127.0.0.1:8545", FORK_CONFIG_BASE: file });
  expect(forks.get("base")).toEqual({ url: "http://127.0.0.1:8545", contracts: CONFIG });
});

test("lists every wrong variable and field at once", () => {
  const file = join(temporaryFolder(), "base.json");
  const { weth: _, ...withoutWeth } = CONFIG;
  writeFileSync(file, JSON.stringify({ ...withoutWeth, btc: { token: "0x12", holder: ADDRESS } }));
  const read = () =>
    readForks({
      FORK_URL_BASE: "http://127.0.0.1:8545",
      FORK_CONFIG_BASE: file,
      FORK_URL_POLYGON: "localhost",
      FORK_CONFIG_LINEA: "linea.yaml",
      FORK_URL_ETHERIUM: "http://127.0.0.1:1",
    });
  expect(read).toThrow(/FORK_URL_ETHERIUM: unknown chain ETHERIUM/);
  expect(read).toThrow(/weth/);
  expect(read).toThrow(/btc.token/);
  expect(read).toThrow(/FORK_URL_POLYGON: must be an http/);
  expect(read).toThrow(/FORK_CONFIG_POLYGON: must name the file/);
  expect(read).toThrow(/FORK_CONFIG_LINEA: FORK_URL_LINEA is not set/);
});
