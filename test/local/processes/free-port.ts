import { createServer } from "node:net";

/**
 * A TCP port on loopback that nothing listened on a moment ago.
 *
 * Another program may take it before the caller does, so a server started on it must be checked to be
 * the caller's own.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string")
          reject(new Error("the socket has no port"));
        else resolve(address.port);
      });
    });
  });
}
