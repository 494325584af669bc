import { InvalidArgumentError, Option } from "commander";
import type { Environment } from "./configuration.ts";
import { readVariable, type ConfigurationFile } from "./configuration-file.ts";
import { CommandError, ExitCode } from "./exit-code.ts";
import { listForm, type ValueForm } from "./value-form.ts";

/** One thing that can be set: by a flag, by a variable, in the file. */
export interface Setting<Value> {
  /** Its place in the file, for example `serve.port`. */
  readonly key: string;
  /** As commander writes it, for example `--port <number>`; none for what others must not see. */
  readonly flag?: string;
  readonly variable: string;
  readonly form: ValueForm<Value>;
  readonly description: string;
  readonly default?: Value;
  /** What holds where nothing is set and `default` cannot say it. */
  readonly defaultText?: string;
  /** The form of each of a list: its flag may be repeated. */
  readonly item?: ValueForm<string>;
  readonly isSecret?: true;
}

/** A setting whose flag may be repeated, empty unless set. */
export function createListSetting({
  item,
  ...setting
}: Omit<Setting<string>, "form" | "default" | "item"> & {
  readonly item: ValueForm<string>;
}): Setting<readonly string[]> {
  return { ...setting, form: listForm(item), item, default: [] };
}

/** Where values come from, in order of precedence. */
export interface Sources {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  readonly file: ConfigurationFile | undefined;
}

/** A value, and who has set it: a flag, a variable, the file, or `default`. */
export interface Found<Value> {
  readonly value: Value;
  readonly source: string;
}

/** The option of a command that sets it. Its default is told, not set: a flag that is given wins. */
export function createOption<Value>(setting: Setting<Value>): Option {
  const { flag, variable, description, form, item } = setting;
  const option = new Option(flag ?? "", `${description} (${variable}${describeDefault(setting)})`);
  if (option.isBoolean()) return option;
  return item === undefined
    ? option.argParser((text) => parseArgument(form, text))
    : option.argParser((text, earlier: readonly string[] | undefined) => [
        ...(earlier ?? []),
        parseArgument(item, text),
      ]);
}

function describeDefault(setting: Setting<unknown>): string {
  const text = defaultTextOf(setting);
  return text === "" ? "" : `; default: ${text}`;
}

/** What holds where nothing is set, or "". */
export function defaultTextOf({
  default: value,
  defaultText,
}: Pick<Setting<unknown>, "default" | "defaultText">): string {
  if (defaultText !== undefined) return defaultText;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** For options of commander: throws what makes it say which option is wrong. */
export function parseArgument<Value>(form: ValueForm<Value>, text: string): Value {
  const value = form.parse(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError(`Expected ${form.expected}.`);
}

/** Flags win over variables, variables over the file. Throws `CommandError` for a value of another form. */
export function findSetting<Value>(
  setting: Setting<Value>,
  sources: Sources,
): Found<Value> | undefined {
  const { key, flag, variable, form } = setting;
  const { flags, environment, file } = sources;
  const option = flag === undefined ? undefined : new Option(flag);
  const given = option === undefined ? undefined : flags[option.attributeName()];
  if (given !== undefined) return { value: given as Value, source: option?.long ?? "" };
  const text = readVariable(environment, variable);
  if (text !== undefined) {
    const value = form.parse(text);
    if (value === undefined) throw wrongValue(setting, JSON.stringify(text), variable);
    return { value, source: variable };
  }
  if (file?.values.has(key) === true) {
    const json = file.values.get(key);
    const value = form.decode(json);
    if (value === undefined)
      throw wrongValue(setting, JSON.stringify(json), `${key} in ${file.path}`);
    return { value, source: file.path };
  }
  return setting.default === undefined ? undefined : { value: setting.default, source: "default" };
}

function wrongValue(
  { form, isSecret }: Setting<unknown>,
  got: string,
  place: string,
): CommandError {
  const shown = isSecret === true ? "" : `, got ${got}`;
  return new CommandError(`${place}: expected ${form.expected}${shown}`, ExitCode.usage);
}
