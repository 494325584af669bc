import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A reverse proxy that has a server in a folder of its site, and nothing beside it. Passes WebSockets on. */
export class SubPathProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #folder: string;

  private constructor(server: Server, folder: string) {
    this.#server = server;
    this.#folder = folder;
    server.on("connection", (socket) => this.#sockets.add(socket));
  }

  /** `folder` begins and ends with a slash. */
  static async start(targetPort: number, folder: string): Promise<SubPathProxy> {
    const inside = (message: IncomingMessage): string | undefined => {
      const { url = "" } = message;
      return url.startsWith(folder) ? `/${url.slice(folder.length)}` : undefined;
    };
    const server = createServer((incoming, outgoing) => {
      const path = inside(incoming);
      if (path === undefined) {
        outgoing.writeHead(404).end();
        return;
      }
      const { method = "GET", headers } = incoming;
      const passed = request({ port: targetPort, host: "127.0.0.1", path, method, headers });
      passed.on("response", (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passed.on("error", () => outgoing.destroy());
      incoming.pipe(passed);
    });
    server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      const path = inside(incoming);
      if (path === undefined) return socket.destroy();
      const target = connect(targetPort, "127.0.0.1");
      const fields = incoming.rawHeaders;
      const lines = fields.flatMap((name, at) => (at % 2 ? [] : [`${name}: ${fields[at + 1]}`]));
      target.write(`${[`GET ${path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`);
      target.write(head);
      target.on("error", () => socket.destroy());
      socket.on("error", () => target.destroy());
      return socket.pipe(target).pipe(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SubPathProxy(server, folder);
  }

  /** Of the folder, with a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#folder}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}
