import type { AdminApi } from "#test/local/observe/admin-api.ts";
import {
  decisionLine,
  type Status,
  statusLine,
  statusTable,
} from "#test/local/view/status-table.ts";
import type { WorldDescription } from "#test/local/world-description.ts";

const REDRAW_INTERVAL_MS = 500;
const STATUS_LINE_INTERVAL_MS = 5000;
const DECISIONS_ASKED = 20;
const WIDTH_WITHOUT_TERMINAL = 120;
const MINUTE_MS = 60_000;

/** Where the view writes: `process.stdout` or anything like it. */
export type ViewOutput = {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

export type View = {
  /** Goes on below what somebody else has just written, instead of over its own last table. */
  readonly continueBelow: () => void;
  /** Ends the view; resolves when nothing more will be written. The last table stays on the screen. */
  readonly stop: () => Promise<void>;
};

/**
 * Shows the running world: on a terminal a table that is redrawn twice a second, elsewhere one line
 * per decision that acts and at most one status line each five seconds. An admin API that does not
 * answer is shown, never thrown.
 */
export function startView(
  world: Pick<WorldDescription, "startedAtMs" | "minutes">,
  adminApi: AdminApi,
  out: ViewOutput,
): View {
  const endsAtMs = world.minutes === null ? null : world.startedAtMs + world.minutes * MINUTE_MS;
  const table = tableWriter(out);
  const show = out.isTTY === true ? table.draw : lineWriter(out);
  let status: Status = {
    atMs: Date.now(),
    endsAtMs,
    risk: null,
    shards: [],
    decisions: [],
    failure: null,
  };
  let isStopped = false;
  let wake = () => {};

  const showForever = async () => {
    while (!isStopped) {
      const startedMs = Date.now();
      status = await hear(adminApi, status);
      if (!isStopped) show(status);
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isStopped) resolve();
        else
          setTimeout(resolve, Math.max(50, REDRAW_INTERVAL_MS - (Date.now() - startedMs))).unref();
      });
    }
  };
  const shown = showForever();
  return {
    continueBelow: table.continueBelow,
    stop: async () => {
      isStopped = true;
      wake();
      await shown;
    },
  };
}

async function hear(api: AdminApi, before: Status): Promise<Status> {
  try {
    const [risk, shards, decisions] = await Promise.all([
      api.risk(),
      api.shards(),
      api.decisions(DECISIONS_ASKED),
    ]);
    return { ...before, atMs: Date.now(), risk, shards, decisions, failure: null };
  } catch (error) {
    return {
      ...before,
      atMs: Date.now(),
      failure: error instanceof Error ? error.message : String(error),
    };
  }
}

/** Draws over its own last table only, so what was printed before stays. */
function tableWriter(out: ViewOutput): {
  readonly draw: (status: Status) => void;
  readonly continueBelow: () => void;
} {
  let drawn = 0;
  return {
    draw: (status) => {
      const height = Math.max(1, (out.rows ?? 100) - 1);
      const lines = statusTable(status, out.columns ?? WIDTH_WITHOUT_TERMINAL, height);
      const back = drawn === 0 ? "" : `\u001b[${drawn}A`;
      const shown = lines.slice(0, height);
      out.write(`${back}\r\u001b[J${shown.join("\n")}\n`);
      drawn = shown.length;
    },
    continueBelow: () => {
      drawn = 0;
    },
  };
}

function lineWriter(out: ViewOutput): (status: Status) => void {
  let lastStatusMs = Number.NEGATIVE_INFINITY;
  let lastLine = "";
  let lastDecisionMs = 0;
  return (status) => {
    for (const decision of status.decisions.toReversed()) {
      if (decision.atMs <= lastDecisionMs) continue;
      lastDecisionMs = decision.atMs;
      const line = decisionLine(decision);
      if (line !== null) out.write(`${line}\n`);
    }
    if (status.atMs - lastStatusMs < STATUS_LINE_INTERVAL_MS) return;
    const line = statusLine(status);
    if (line.slice(8) === lastLine.slice(8)) return;
    out.write(`${line}\n`);
    lastStatusMs = status.atMs;
    lastLine = line;
  };
}
