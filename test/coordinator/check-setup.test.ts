import { expect, test } from "vitest";
import { checkSetup } from "#coordinator/check-setup.ts";
import { coordinatorConfigSchema } from "#coordinator/config.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

test("what is wrong in other files is told with one code, on the first line", () => {
  const config = loadConfigFile(coordinatorConfigSchema, "docs/examples/coordinator.yaml");
  const folder = temporaryFolder();
  const check = () => checkSetup({ ...config, policyFile: "policy.yaml" }, folder);
  expect(check).toThrow(/^the coordinator cannot start \[config-invalid\]\n {2}/);
  expect(check).toThrow(
    `${folder}/policy.yaml: cannot be read: ENOENT\n  secrets cannot be read\n`,
  );
  expect(check).not.toThrow(/\n.*\[config-/);
});
