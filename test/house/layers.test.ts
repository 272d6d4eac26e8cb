import { describe, expect, test } from "vitest";
import { type LintOutcome, lintPlanted } from "#test/house/lint-planted.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

/** Every kind of specifier a file could try to import. */
const SPECIFIERS = [
  "#shared/units/probe.ts",
  "#shared/risk/probe.ts",
  "#shared/wire/probe.ts",
  "#shared/wire/scalars.ts",
  "#shared/wire/describe-issues.ts",
  "#shared/policy/probe.ts",
  "#shared/ports/probe.ts",
  "#shared/node/probe.ts",
  "#shared/redis/probe.ts",
  "#shared/evm/probe.ts",
  "#shared/evm/mandate-typed-data.ts",
  "#shared/errors.ts",
  "#coordinator/records/probe.ts",
  "#coordinator/stages/probe.ts",
  "#coordinator/ports/probe.ts",
  "#coordinator/cycles/probe.ts",
  "#coordinator/adapters/probe.ts",
  "#coordinator/api/probe.ts",
  "#coordinator/main.ts",
  "#coordinator/config.ts",
  "#shard-agent/records/probe.ts",
  "#shard-agent/stages/probe.ts",
  "#shard-agent/ports/probe.ts",
  "#shard-agent/cycles/probe.ts",
  "#shard-agent/adapters/probe.ts",
  "#shard-agent/venues/probe.ts",
  "#shard-agent/main.ts",
  "#shard-agent/config.ts",
  "#test/support/probe.ts",
  "./probe.ts",
  "../risk/probe.ts",
  "zod",
  "msgpackr",
  "pino",
  "yaml",
  "ioredis",
  "bullmq",
  "viem",
  "viem/accounts",
  "@layerzerolabs/lz-sdk",
  "fastify",
  "commander",
  "node:crypto",
  "node:fs",
  "node:fs/promises",
];

const kernel = [
  "#shared/units/probe.ts",
  "#shared/risk/probe.ts",
  "#shared/wire/probe.ts",
  "#shared/wire/scalars.ts",
  "#shared/wire/describe-issues.ts",
  "#shared/policy/probe.ts",
  "#shared/errors.ts",
];
const technology = [
  "#shared/ports/probe.ts",
  "#shared/node/probe.ts",
  "#shared/redis/probe.ts",
  "#shared/evm/probe.ts",
  "#shared/evm/mandate-typed-data.ts",
];
const node = ["node:crypto", "node:fs", "node:fs/promises"];
const adapterPackages = [
  "viem",
  "viem/accounts",
  "ioredis",
  "bullmq",
  "@layerzerolabs/lz-sdk",
  "zod",
];

function processLayers(process: "coordinator" | "shard-agent"): Record<string, string[]> {
  const own = (layer: string): string => `#${process}/${layer}/probe.ts`;
  const decide = [...kernel, "#shared/evm/mandate-typed-data.ts", own("records")];
  const adapt = [
    ...kernel,
    ...technology,
    ...adapterPackages,
    ...node,
    own("records"),
    own("ports"),
  ];
  return {
    [`${process}/records`]: [...kernel, own("records"), "zod"],
    [`${process}/stages`]: [...decide, own("stages")],
    [`${process}/ports`]: [...kernel, own("records"), own("ports")],
    [`${process}/cycles`]: [
      ...decide,
      "#shared/ports/probe.ts",
      own("stages"),
      own("ports"),
      own("cycles"),
    ],
    [`${process}/adapters`]: [
      ...adapt,
      own("adapters"),
      ...(process === "shard-agent" ? ["fastify"] : []),
    ],
  };
}

/** What each folder may import, itself included; everything else of SPECIFIERS is a violation. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "shared/units": ["#shared/units/probe.ts"],
  "shared/risk": ["#shared/units/probe.ts", "#shared/risk/probe.ts"],
  "shared/wire": [
    "#shared/units/probe.ts",
    "#shared/risk/probe.ts",
    "#shared/wire/probe.ts",
    "#shared/wire/scalars.ts",
    "#shared/wire/describe-issues.ts",
    "zod",
    "node:crypto",
  ],
  "shared/policy": [
    "#shared/units/probe.ts",
    "#shared/risk/probe.ts",
    "#shared/policy/probe.ts",
    "#shared/wire/scalars.ts",
    "zod",
  ],
  "shared/ports": ["#shared/units/probe.ts", "#shared/ports/probe.ts"],
  "shared/node": [
    "#shared/units/probe.ts",
    "#shared/ports/probe.ts",
    "#shared/node/probe.ts",
    "#shared/wire/describe-issues.ts",
    "#shared/errors.ts",
    "commander",
    "pino",
    "yaml",
    "zod",
    ...node,
  ],
  "shared/redis": [
    "#shared/units/probe.ts",
    "#shared/ports/probe.ts",
    "#shared/redis/probe.ts",
    "#shared/errors.ts",
    "ioredis",
    ...node,
  ],
  "shared/evm": [
    "#shared/units/probe.ts",
    "#shared/ports/probe.ts",
    "#shared/wire/probe.ts",
    "#shared/wire/scalars.ts",
    "#shared/wire/describe-issues.ts",
    "#shared/evm/probe.ts",
    "#shared/evm/mandate-typed-data.ts",
    "#shared/errors.ts",
    "viem",
    "viem/accounts",
    "@layerzerolabs/lz-sdk",
  ],
  ...processLayers("coordinator"),
  ...processLayers("shard-agent"),
  "shard-agent/venues": [
    ...(processLayers("shard-agent")["shard-agent/adapters"] ?? []).filter(
      (s) => !s.includes("/adapters/") && s !== "fastify",
    ),
    "#shard-agent/venues/probe.ts",
  ],
  "coordinator/api": [
    ...kernel,
    "#shared/ports/probe.ts",
    "#coordinator/records/probe.ts",
    "#coordinator/ports/probe.ts",
    "#coordinator/api/probe.ts",
    "fastify",
    "zod",
    ...node,
  ],
  "coordinator/cli": [...kernel, "#shared/node/probe.ts", "commander", "zod", ...node],
};

/** Folders that are only told what they may not import. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  coordinator: SPECIFIERS.filter((s) => /^(#shard-agent|#test|\.)/.test(s)),
  "shard-agent": SPECIFIERS.filter((s) => /^(#coordinator|#test|\.)/.test(s)),
  "test/local": SPECIFIERS.filter(
    (s) => /^(#coordinator|#shard-agent|\.)/.test(s) && !s.endsWith("/config.ts"),
  ),
  "test/coordinator": SPECIFIERS.filter((s) => /^(#shard-agent|\.)/.test(s)),
  "test/shard-agent": SPECIFIERS.filter((s) => /^(#coordinator|\.)/.test(s)),
};

function imports(specifiers: readonly string[]): string {
  return specifiers.map((specifier) => `import "${specifier}";\n`).join("");
}

function restrictedIn(outcome: LintOutcome, file: string): string[] {
  return outcome.findings
    .filter((finding) => finding.file === file && finding.rule === "lint/style/noRestrictedImports")
    .map((finding) => finding.line.slice('import "'.length, -'";'.length))
    .sort();
}

describe("layers", () => {
  test("a planted import of every kind is refused in every folder that may not have it", async () => {
    const folders = [...Object.keys(LAYERS), ...Object.keys(FORBIDDEN)];
    const files = Object.fromEntries(
      folders.map((folder) => [`${folder}/planted.ts`, imports(SPECIFIERS)]),
    );

    const outcome = await lintPlanted(temporaryFolder(), files);

    expect(outcome.exitCode).not.toBe(0);
    for (const [folder, allowed] of Object.entries(LAYERS)) {
      const forbidden = SPECIFIERS.filter((specifier) => !allowed.includes(specifier)).sort();
      expect(restrictedIn(outcome, `${folder}/planted.ts`), folder).toEqual(forbidden);
    }
    for (const [folder, forbidden] of Object.entries(FORBIDDEN)) {
      expect(restrictedIn(outcome, `${folder}/planted.ts`), folder).toEqual([...forbidden].sort());
    }
  });

  test.each(Object.entries(LAYERS))(
    "one planted import makes the check of %s fail",
    async (folder, allowed) => {
      const forbidden = SPECIFIERS.find((specifier) => !allowed.includes(specifier)) ?? "";
      const allowedOnly = await lintPlanted(temporaryFolder(), {
        [`${folder}/planted.ts`]: imports(allowed),
      });
      const oneMore = await lintPlanted(temporaryFolder(), {
        [`${folder}/planted.ts`]: imports([forbidden]),
      });

      expect(allowedOnly).toEqual({ exitCode: 0, findings: [] });
      expect(oneMore.exitCode).not.toBe(0);
    },
  );
});
