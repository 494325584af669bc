import { useState } from "preact/hooks";
import { cleanText } from "../payload-text.ts";
import { isContainer, membersOf, previewOf, type JsonValue } from "./json-value.ts";

const membersStep = 100;
const textLengthMax = 10_000;

export interface JsonNodeProps {
  /** What it is called in the value that holds it. */
  readonly name?: string;
  readonly value: JsonValue;
}

/** A value, and what is in it once somebody opens it. */
export function JsonNode({ name, value }: JsonNodeProps) {
  const [isOpen, setOpen] = useState(false);
  const [membersMax, setMembersMax] = useState(membersStep);
  const label = name === undefined ? null : <span class="json-name">{cleanText(name)}: </span>;
  if (!isContainer(value))
    return (
      <div class="json-node json-leaf">
        {label}
        <Leaf value={value} />
      </div>
    );
  const { members, count } = membersOf(value, isOpen ? membersMax : 0);
  if (count === 0)
    return (
      <div class="json-node json-leaf">
        {label}
        {previewOf(value)}
      </div>
    );
  return (
    <div class="json-node">
      <button
        class="json-toggle"
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {label}
        <span class="json-preview">
          {isOpen ? `${count} ${count === 1 ? "member" : "members"}` : previewOf(value)}
        </span>
      </button>
      {isOpen && (
        <div class="json-members">
          {members.map(([key, member]) => (
            <JsonNode key={key} name={key} value={member} />
          ))}
          {count > members.length && (
            <button
              class="view-button"
              type="button"
              onClick={() => setMembersMax(membersMax + membersStep)}
            >
              {count - members.length} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Leaf({ value }: { readonly value: null | boolean | number | string }) {
  if (typeof value !== "string") return <span class="json-atom">{String(value)}</span>;
  return <span class="json-text">{JSON.stringify(cleanText(value).slice(0, textLengthMax))}</span>;
}
