import type { Policy } from "#shared/policy/policy-schema.ts";

type ShardNames = {
  readonly id: string;
  readonly underlyings: readonly { readonly ticker: string }[];
};

/** What of a policy does not fit the shards it is meant for, one line each; empty when all does. */
export function policyProblems(shards: readonly ShardNames[], policy: Policy): string[] {
  const limited = Object.keys(policy.underlyings);
  const unlimited = shards.flatMap((shard) => {
    return shard.underlyings
      .filter((token) => !limited.includes(token.ticker))
      .map(
        (token) =>
          `shards[${shard.id}].underlyings: ${token.ticker} has no limits in the policy (${limited.join(", ")})`,
      );
  });
  const ids = shards.map((shard) => shard.id);
  const unknown = policy.reduceOnlyShards.filter((shard) => !ids.includes(shard));
  return [
    ...unlimited,
    ...unknown.map(
      (shard) => `policy.reduceOnlyShards: found ${shard}; shards are ${ids.join(", ")}`,
    ),
  ];
}
