#!/usr/bin/env node
import { launch } from "#shared/node/bin/launch.mjs";

await launch("coordinator/cli/riskshard.ts");
