import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { coordinatorConfigSchema } from "#coordinator/config.ts";
import { agentConfigSchema } from "#shard-agent/config.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { checkedPolicySchema } from "#shared/policy/checked-policy.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

function text(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

type Service = {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
};

const compose = parse(text("docker-compose.yml")) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};
const services = Object.entries(compose.services);
const dockerfile = text("Dockerfile")
  .split("\n")
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => ({
    keyword: line.slice(0, line.indexOf(" ")),
    rest: line.slice(line.indexOf(" ") + 1),
  }));

function variablesOfExample(): string[] {
  return [...text(".env.example").matchAll(/^#?([A-Z0-9_]+)=/gm)].map((match) => match[1] ?? "");
}

describe("docker-compose.yml", () => {
  test.each(services)("%s is an image or a stage of the Dockerfile", (_name, service) => {
    const stages = dockerfile
      .filter((step) => step.keyword === "FROM")
      .map((step) => step.rest.split(" AS ")[1]);

    if (service.build === undefined) expect(service.image).toMatch(/^[a-z]+:[0-9]/);
    else expect(stages).toContain(service.build.target);
  });

  test.each(services)(
    "%s runs files that exist, with volumes and services that are declared",
    (_name, service) => {
      for (const word of service.command ?? []) {
        if (word.endsWith(".ts")) expect(existsSync(path.join(ROOT, word)), word).toBe(true);
      }
      for (const volume of service.volumes ?? []) {
        const source = volume.split(":")[0] ?? "";
        if (!source.startsWith(".")) expect(Object.keys(compose.volumes)).toContain(source);
      }
      for (const other of Object.keys(service.depends_on ?? {}))
        expect(compose.services).toHaveProperty(other);
    },
  );

  test.each(services)("%s publishes ports on loopback only", (_name, service) => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test.each(services)("%s takes only variables that .env.example explains", (_name, service) => {
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      expect(value).toBe(`\${${name}:?}`);
      expect(variablesOfExample()).toContain(name);
    }
  });

  test("Redis keeps an append-only file and never evicts", () => {
    const command = compose.services["redis"]?.command?.join(" ");

    expect(command).toContain("--appendonly yes");
    expect(command).toContain("--maxmemory-policy noeviction");
  });
});

describe("Dockerfile", () => {
  test("copies only paths that exist", () => {
    const copied = dockerfile
      .filter((step) => step.keyword === "COPY")
      .flatMap((step) => step.rest.split(" ").slice(0, -1));

    expect(copied.length).toBeGreaterThan(3);
    for (const source of copied) expect(existsSync(path.join(ROOT, source)), source).toBe(true);
  });

  test("runs on the Node that package.json pins, as a user without rights", () => {
    const { devDependencies } = JSON.parse(text("package.json"));
    const images = dockerfile.filter((step) => step.keyword === "FROM").map((step) => step.rest);

    for (const image of images) expect(image).toContain(`node:${devDependencies.node}-`);
    expect(dockerfile).toContainEqual({ keyword: "USER", rest: "node" });
  });

  test("starts a file that exists", () => {
    const command = dockerfile.find((step) => step.keyword === "CMD")?.rest ?? "";
    const [entry] = JSON.parse(command) as string[];

    expect(existsSync(path.join(ROOT, entry ?? ""))).toBe(true);
  });
});

describe("example configuration", () => {
  test.each([
    { file: "docs/examples/coordinator.yaml", schema: coordinatorConfigSchema },
    { file: "docs/examples/agent.yaml", schema: agentConfigSchema },
    { file: "docs/examples/policy.yaml", schema: checkedPolicySchema },
  ])("$file is valid and names only variables that .env.example explains", ({ file, schema }) => {
    expect(() => loadConfigFile(schema, path.join(ROOT, file))).not.toThrow();
    for (const [, name] of text(file).matchAll(/^[^#\n]*\$\{env:([A-Z0-9_]+)\}/gm)) {
      expect(variablesOfExample()).toContain(name);
    }
  });

  test(".env.example holds no value for anything secret", () => {
    expect(text(".env.example")).not.toMatch(/^[A-Z0-9_]*KEY=.+$/m);
  });
});
