import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export type TcpProxy = {
  readonly port: number;
  /** Accepts connections; on the same port again after `cut`. */
  readonly open: () => Promise<void>;
  /** Refuses new connections and breaks the open ones. */
  readonly cut: () => Promise<void>;
};

/** A closed proxy on a free loopback port in front of another loopback port. Ends with the test. */
export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  const port = await listen(server, 0);
  const cut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await cut();
  onTestFinished(cut);
  return { port, cut, open: async () => void (await listen(server, port)) };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("no port"));
      else resolve(address.port);
    });
  });
}
