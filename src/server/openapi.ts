import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { bytesForm } from "./operation.ts";
import { addExamples } from "./openapi-examples.ts";

const description = [
  "Durable, ordered, two-way channels between a running job and whoever started it.",
  "PROTOCOL.md says what the fields mean.",
  "The examples hold where the submitter `ada` has created the process `demo` with the channel `chat`,",
  "worked on by `model`, and one entry was appended by `model` with the producer `tab-1`.",
].join(" ");

declare module "fastify" {
  interface FastifyContextConfig {
    /** Media type of a body that is taken as it is. */
    readonly takes?: string;
  }
}

/** The OpenAPI 3.1 document of all routes that are added after it, made from their schemas. */
export async function addDocument(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Jobwire", version: "1", description },
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "A JWT, or a grant." },
          grant: { type: "apiKey", in: "query", name: "grant" },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const { access, takes } = route.config ?? {};
      const body = takes === undefined ? {} : { body: bytesForm, consumes: [takes] };
      const security = access === "anyone" ? [] : [{ token: [] }, { grant: [] }];
      return { schema: { ...schema, ...body, security }, url };
    },
    transformObject: (document) =>
      "openapiObject" in document ? addExamples(document.openapiObject) : document.swaggerObject,
  });
  const config = { access: "anyone" } as const;
  app.get("/v1/openapi.json", { schema: { hide: true }, config }, async () => app.swagger());
}
