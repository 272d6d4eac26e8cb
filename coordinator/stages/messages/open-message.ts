import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import { decodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import { isSignedBy, reporterPublicKey } from "#shared/wire/signed-bytes.ts";

/** A stream entry of an agent as it arrived, and where. */
export type AgentMessage = {
  readonly shard: string;
  readonly agent: string;
  readonly entryId: string;
  readonly body: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
};

/** Why a message of any kind is refused. */
export type MessageRefusal =
  | "malformed"
  | "unsupported-version"
  | "forged"
  | "unknown-agent"
  | "wrong-shard";

export type OpenedMessage<Content> =
  | { readonly opened: true; readonly content: Content }
  | { readonly opened: false; readonly reason: MessageRefusal; readonly detail: string };

/** The schema of one kind of message, and the version it is for. */
type Wire<Content> = {
  readonly version: number;
  readonly schema: {
    readonly safeParse: (
      value: unknown,
    ) =>
      | { readonly success: true; readonly data: Content }
      | { readonly success: false; readonly error: Parameters<typeof describeIssues>[0] };
  };
};

type Refused = Extract<OpenedMessage<never>, { opened: false }>;

/** Most problems of one message that are named. */
const ISSUES_MAX = 5;

/**
 * What a message says, once it is proved to come from the agent whose stream it is on. The signature is
 * checked over the bytes as received, before anything is decoded; the version before the schema.
 */
export function openMessage<Content extends { readonly agent: string; readonly shard: string }>(
  message: AgentMessage,
  setup: ShardSetup,
  wire: Wire<Content>,
): OpenedMessage<Content> {
  const { body, signature } = message;
  if (body === undefined) return refuse("malformed", "body: field is missing");
  if (signature === undefined) return refuse("malformed", "sig: field is missing");
  const agent = setup.agents.find((candidate) => candidate.id === message.agent);
  if (agent === undefined) {
    const known = setup.agents.map(({ id }) => id).join(", ");
    return refuse("unknown-agent", `agent: found ${message.agent}; ${setup.shard} has ${known}`);
  }
  if (!isSignedBy(body, signature, reporterPublicKey(agent.reporterPublicKey))) {
    const what = `the signature of agent ${agent.id} over these ${body.length} bytes`;
    return refuse("forged", `sig: is not ${what}`);
  }
  const decoded = decode(body, wire);
  return decoded.opened ? (refuseIdentity(decoded.content, message, setup) ?? decoded) : decoded;
}

function decode<Content>(body: Uint8Array, wire: Wire<Content>): OpenedMessage<Content> {
  let value: unknown;
  try {
    value = decodeMessage(body);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse("malformed", `body: is not msgpack: ${why}`);
  }
  const version =
    typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (typeof version === "number" && version !== wire.version) {
    return refuse("unsupported-version", `version: found ${version}; must be ${wire.version}`);
  }
  const parsed = wire.schema.safeParse(value);
  if (parsed.success) return { opened: true, content: parsed.data };
  const issues = describeIssues(parsed.error, value).slice(0, ISSUES_MAX);
  return refuse("malformed", issues.join("; "));
}

function refuseIdentity(
  content: { readonly agent: string; readonly shard: string },
  message: AgentMessage,
  setup: ShardSetup,
): Refused | undefined {
  if (content.agent !== message.agent) {
    return refuse(
      "unknown-agent",
      `agent: found ${content.agent}; the stream is ${message.agent}'s`,
    );
  }
  if (content.shard !== setup.shard) {
    return refuse("wrong-shard", `shard: found ${content.shard}; the stream is ${setup.shard}'s`);
  }
  return undefined;
}

function refuse(reason: MessageRefusal, detail: string): Refused {
  return { opened: false, reason, detail };
}
