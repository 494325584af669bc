import { ProblemAnswer } from "./answer-schemas.ts";

interface Answers {
  readonly [status: number]: object;
}

/** Of an answer that may come in several forms. */
export function inForms(description: string, forms: Readonly<Record<string, object>>): object {
  const content = Object.fromEntries(
    Object.entries(forms).map(([mediaType, schema]) => [mediaType, { schema }]),
  );
  return { description, content };
}

export const eventsForm = { type: "string", description: "Server-sent events, see PROTOCOL.md." };
export const bytesForm = { type: "string", format: "binary", description: "Bytes as they are." };

/**
 * The schema of a route with what is told of it. Answers are for the document only: they are written as
 * they are, and their type is left to the handler.
 */
export function operation<Schema extends object>(
  operationId: string,
  summary: string,
  schema: Schema,
  answers: Answers,
): Schema & { readonly operationId: string; readonly summary: string } {
  const problem = { content: { "application/problem+json": { schema: ProblemAnswer } } };
  const response = { ...answers, default: { description: "A refusal.", ...problem } };
  return { ...schema, operationId, summary, response };
}
