import { isAbsolute } from "node:path";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { invalidArgument } from "../core/errors.ts";
import { BackupAnswer } from "./answer-schemas.ts";
import { operation } from "./operation.ts";
import { BackupBody, NoQuery } from "./schemas.ts";

/** A copy of the store, as it was at one moment. */
export interface StoreBackup {
  readonly files: number;
  /** The other files are links to what does not change any more. */
  readonly copiedBytes: number;
}

export type BackUp = (directory: string) => Promise<StoreBackup>;

export function addBackupRoute(server: FastifyInstance, backUp: BackUp): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const create = operation(
    "createStoreBackup",
    "Copy the store, as it is now, to a directory of the server's machine.",
    { querystring: NoQuery, body: BackupBody },
    { 201: BackupAnswer },
  );
  app.post(
    "/v1/store/backups",
    { schema: create, config: { access: "back_up" } },
    async (request, reply) => {
      const { directory } = request.body;
      if (!isAbsolute(directory) || directory.includes("\0"))
        throw invalidArgument("directory", "an absolute path", JSON.stringify(directory));
      // Copying takes longer than a connection may be silent; the next request has its limit again.
      request.raw.socket.setTimeout(0);
      const { files, copiedBytes } = await backUp(directory);
      return reply.code(201).send({ directory, files, copiedbytes: copiedBytes });
    },
  );
}
