/** One fenced block of a page. */
export interface Snippet {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** What it must print or answer; `…` stands for anything. Undefined: only success counts. */
  readonly expected?: string;
}

interface Block extends Omit<Snippet, "page" | "expected"> {
  /** Whether only blank lines lie between the block before and this one. */
  readonly isAdjacent: boolean;
}

/** Languages that are run; `text` is output or a drawing, `json` is only parsed. */
export const languages = ["bash", "http", "js", "json", "sh", "text", "ts"];

/**
 * The snippets of a page with what they are expected to give: the `text` block (after an `http` request: the
 * `http` response), or a comment that begins with `output:`, that follows with only blank lines between.
 * Throws for a fence without or with an unknown language, and for one with options: nothing opts out.
 */
export function readSnippets(page: string, markdown: string): Snippet[] {
  const blocks = [...findBlocks(page, markdown)];
  const snippets: Snippet[] = [];
  for (const [index, { isAdjacent, ...block }] of blocks.entries()) {
    if (isExpectation(block)) {
      if (isResponse(block) && !isAdjacent) throw fault(page, block.line, "answers no request");
      continue;
    }
    if (!languages.includes(block.language)) {
      throw fault(page, block.line, `"${block.language}" is none of ${languages.join(", ")}`);
    }
    const next = blocks[index + 1];
    const isExpected = next?.isAdjacent === true && expects(block, next);
    snippets.push({ page, ...block, ...(isExpected ? { expected: next.code } : {}) });
  }
  return snippets;
}

function expects(block: Omit<Block, "isAdjacent">, next: Block): boolean {
  return block.language === "http" ? isResponse(next) : isExpectation(next) && !isResponse(next);
}

function isExpectation(block: Omit<Block, "isAdjacent">): boolean {
  return block.language === "text" || block.language === "output" || isResponse(block);
}

function isResponse({ language, code }: Omit<Block, "isAdjacent">): boolean {
  return language === "http" && code.startsWith("HTTP/");
}

function* findBlocks(page: string, markdown: string): Generator<Block> {
  const lines = markdown.split("\n");
  let isAdjacent = false;
  for (let at = 0; at < lines.length; at += 1) {
    const opening = /^( *)(`{3,}|~{3,})(.*)$/.exec(lines[at] ?? "");
    const isComment = (lines[at] ?? "").startsWith("<!-- output:");
    if (opening === null && !isComment) {
      isAdjacent &&= lines[at]?.trim() === "";
      continue;
    }
    const [, indent = "", fence = "", info = ""] = opening ?? [];
    const closes = (text: string) => (isComment ? text.endsWith("-->") : text.trim() === fence);
    const end = lines.findIndex((text, index) => index >= at + (isComment ? 0 : 1) && closes(text));
    if (end === -1) throw fault(page, at + 1, "is never closed");
    const code = isComment
      ? lines
          .slice(at, end + 1)
          .join("\n")
          .replace(/^<!-- output:\s*/, "")
          .replace(/\s*-->$/, "")
      : lines
          .slice(at + 1, end)
          .map((text) => text.slice(indent.length))
          .join("\n");
    yield { line: at + 1, language: isComment ? "output" : info.trim(), code, isAdjacent };
    at = end;
    isAdjacent = true;
  }
}

function fault(page: string, line: number, what: string): Error {
  return new Error(`${page}:${line}: the block ${what}`);
}
