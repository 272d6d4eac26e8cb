import { expect, test } from "vitest";
import { z } from "zod";
import { agentConfigSchema } from "#shard-agent/config.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";

/** As the file has it, unchecked. */
const EXAMPLE = loadConfigFile(z.looseObject({ rpc: z.object() }), "docs/examples/agent.yaml");

function withQuorum(endpoints: number, readQuorum: number | undefined) {
  const rpcUrls = Array.from({ length: endpoints }, (_, index) => `https://rpc-${index}.example`);
  return { ...EXAMPLE, rpcUrls, rpc: { ...EXAMPLE.rpc, readQuorum } };
}

test.each([
  [1, undefined],
  [1, 1],
  [2, undefined],
  [2, 2],
  [3, 2],
  [3, 3],
  [4, 3],
  [5, 3],
])("with %i endpoints a read quorum of %s is taken", (endpoints, readQuorum) => {
  expect(agentConfigSchema.safeParse(withQuorum(endpoints, readQuorum)).success).toBe(true);
});

test.each([
  [1, 2, "from 1, a majority of the rpcUrls, to their number, 1"],
  [2, 1, "from 2, a majority of the rpcUrls, to their number, 2"],
  [3, 1, "from 2, a majority of the rpcUrls, to their number, 3"],
  [4, 2, "from 3, a majority of the rpcUrls, to their number, 4"],
  [5, 6, "from 3, a majority of the rpcUrls, to their number, 5"],
])(
  "with %i endpoints a read quorum of %i is refused, and what is allowed is named",
  (endpoints, readQuorum, allowed) => {
    const file = withQuorum(endpoints, readQuorum);
    const { error } = agentConfigSchema.safeParse(file);
    if (error === undefined) throw new Error("a refusal expected");
    expect(describeIssues(error, file)).toEqual([
      `rpc.readQuorum: must be ${allowed}; found ${readQuorum}`,
    ]);
  },
);
