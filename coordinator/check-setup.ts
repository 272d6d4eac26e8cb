import { resolve } from "node:path";
import type { CoordinatorConfig, ShardConfig } from "#coordinator/config.ts";
import { type ShardSetup, staleAfterMs } from "#coordinator/records/shard-setup.ts";
import { policyProblems } from "#coordinator/stages/plans/check-policy.ts";
import { FatalError } from "#shared/errors.ts";
import { chainByKey } from "#shared/evm/chain-registry.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { readSecrets } from "#shared/node/read-secret.ts";
import { checkedPolicySchema } from "#shared/policy/checked-policy.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

export type CheckedSetup = {
  readonly policy: Policy;
  readonly setups: ReadonlyMap<string, ShardSetup>;
  readonly secrets: {
    readonly plannerKey: string;
    readonly feePayerKey: string;
    readonly apiKey: string;
  };
};

/**
 * Policy, secrets and what ties the configuration together, with everything that is wrong in one error.
 *
 * @param baseDir Folder that relative paths in the configuration start from.
 * @throws {FatalError} `config-invalid`, one line per problem.
 */
export function checkSetup(config: CoordinatorConfig, baseDir: string): CheckedSetup {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      problems.push(error.text);
      return undefined;
    }
  };
  const policy = attempt(() =>
    loadConfigFile(checkedPolicySchema, resolve(baseDir, config.policyFile)),
  );
  const secrets = attempt(() => {
    const references = {
      plannerKey: config.plannerKey,
      feePayerKey: config.feePayerKey,
      "api.key": config.api.key,
    };
    const read = readSecrets(references, { baseDir });
    return { plannerKey: read.plannerKey, feePayerKey: read.feePayerKey, apiKey: read["api.key"] };
  });
  problems.push(...duplicates(config), ...config.shards.flatMap(registryProblems));
  if (policy !== undefined) problems.push(...policyProblems(config.shards, policy));
  if (policy === undefined || secrets === undefined || problems.length > 0) {
    throw new FatalError(
      "config-invalid",
      `the coordinator cannot start\n  ${problems.join("\n  ")}`,
    );
  }
  const setups = config.shards.map((shard) => setupOf(shard, policy));
  return { policy, secrets, setups: new Map(setups.map((setup) => [setup.shard, setup])) };
}

function setupOf(shard: ShardConfig, policy: Policy): ShardSetup {
  return {
    shard: shard.id,
    chainId: shard.chainId,
    endpointId: shard.endpointId,
    nativeTicker: chainByKey(shard.chain).nativeTicker,
    blockTimeMs: shard.blockTimeMs,
    staleAfterMs: staleAfterMs(policy.staleness.reportFloorMs, shard.blockTimeMs),
    vault: shard.vault,
    settlement: shard.settlement,
    underlyings: shard.underlyings,
    agents: shard.agents,
  };
}

/** The registry knows every chain's ids; a configuration that says otherwise means another chain. */
function registryProblems(shard: ShardConfig): string[] {
  const at = `shards[${shard.id}]`;
  try {
    const entry = chainByKey(shard.chain);
    return [
      ...(entry.chainId === shard.chainId
        ? []
        : [`${at}.chainId: found ${shard.chainId}; ${shard.chain} is ${entry.chainId}`]),
      ...(entry.endpointId === shard.endpointId
        ? []
        : [`${at}.endpointId: found ${shard.endpointId}; ${shard.chain} is ${entry.endpointId}`]),
    ];
  } catch (error) {
    if (error instanceof FatalError) return [`${at}.${error.text}`];
    throw error;
  }
}

function duplicates(config: CoordinatorConfig): string[] {
  const { shards } = config;
  return [
    ...repeated(
      "shards",
      "id",
      shards.map((shard) => shard.id),
    ),
    ...repeated(
      "shards",
      "vault",
      shards.map((shard) => `${shard.chainId} ${shard.vault.toLowerCase()}`),
    ),
    ...repeated(
      "shards",
      "endpointId",
      shards.map((shard) => String(shard.endpointId)),
    ),
    ...shards.flatMap((shard) => {
      const at = `shards[${shard.id}].underlyings`;
      const agents = repeated(
        `shards[${shard.id}].agents`,
        "id",
        shard.agents.map((agent) => agent.id),
      );
      return [
        ...repeated(
          at,
          "ticker",
          shard.underlyings.map((token) => token.ticker),
        ),
        ...repeated(
          at,
          "token",
          shard.underlyings.map((token) => token.token.toLowerCase()),
        ),
        ...agents,
      ];
    }),
  ];
}

function repeated(list: string, field: string, values: readonly string[]): string[] {
  const twice = values.filter((value, index) => values.indexOf(value) !== index);
  return twice.map((value) => `${list}: ${field} ${value} is used twice`);
}
