import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** One finding of the linter in a planted file. */
type Finding = {
  readonly file: string;
  /** Rule, such as `lint/style/noEnum`. */
  readonly rule: string;
  /** The source line, without its surrounding white space. */
  readonly line: string;
};

export type LintOutcome = { readonly exitCode: number; readonly findings: readonly Finding[] };

/**
 * Lints a tree of planted files by this repository's own biome.json.
 *
 * @param folder Empty folder to plant in.
 * @param files Path from the tree's root to content.
 */
export async function lintPlanted(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<LintOutcome> {
  copyFileSync(path.join(ROOT, "biome.json"), path.join(folder, "biome.json"));
  copyFileSync(path.join(ROOT, "package.json"), path.join(folder, "package.json"));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  const { exitCode, stdout } = await runBiome(folder);
  return { exitCode, findings: findingsOf(stdout, files) };
}

function runBiome(folder: string): Promise<{ exitCode: number; stdout: string }> {
  const biome = path.join(ROOT, "node_modules/.bin/biome");
  const flags = ["--reporter=json", "--max-diagnostics=none", "--vcs-enabled=false"];
  return new Promise((resolve) => {
    execFile(
      biome,
      ["lint", ...flags, "."],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        const code = error === null ? 0 : error.code;
        resolve({ exitCode: typeof code === "number" ? code : 1, stdout });
      },
    );
  });
}

type Report = {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string; readonly start?: { readonly line: number } };
  }[];
};

function findingsOf(stdout: string, files: Readonly<Record<string, string>>): Finding[] {
  const report = JSON.parse(stdout) as Report;
  return report.diagnostics.map(({ category, location }) => {
    const lines = (files[location.path] ?? "").split("\n");
    return {
      file: location.path,
      rule: category,
      line: (lines[(location.start?.line ?? 0) - 1] ?? "").trim(),
    };
  });
}
