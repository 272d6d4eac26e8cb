import { once } from "node:events";
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/**
 * Thread of block-miner.ts: asks for one block per message; a failure ends it. The request is the same bytes each time and the
 * answer is only looked through for an error: whatever else is done here would take its time from the report that is measured.
 */
const { rpcUrl } = workerData as { readonly rpcUrl: string };
const { hostname, port, host } = new URL(rpcUrl);
const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "evm_mine", params: [] });
const head = [
  "POST / HTTP/1.1",
  `host: ${host}`,
  "content-type: application/json",
  `content-length: ${body.length}`,
];
const request = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
const socket = connect({ host: hostname, port: Number(port), noDelay: true });
await once(socket, "connect");
socket.on("data", (answer) => {
  if (answer.includes('"error"')) throw new Error(`evm_mine: ${answer.toString("utf8")}`);
});
socket.on("close", () => {
  throw new Error("evm_mine: the node closed the connection");
});
parentPort?.on("message", () => socket.write(request));
parentPort?.postMessage("ready");
