import { append } from '../../machinery/append.js';
import {
  duplicate,
  fieldNotFound,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../machinery/field.js';
import { semanticEqual } from '../../machinery/equal.js';
import { emptiedAt } from '../../machinery/emptied.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';

/** What is wrong with a text: one sentence for each field error. */
export type TextCheck = (value: string) => string[];

/** apimachinery's sentence for a field that an update may not change. */
export const IMMUTABLE = 'field is immutable';

/**
 * An object inside the one that is being validated: it knows its field path and where field errors go, so that a rule
 * reads `spec.requireText('name', dns1123Label)`. Members that are absent or null read as Go's zero values.
 */
export class FieldNode {
  /** Known paths; others are put together when a field error asks for them, which for most nodes never happens. */
  private known: string | undefined;

  /** `path` is '' for the whole object. `problems` collects, in order, what is wrong with it and all nodes below. */
  constructor(
    readonly value: JsonObject,
    path: string | undefined = '',
    readonly problems: FieldError[] = [],
    private readonly parent?: FieldNode,
    private readonly key = '',
    private readonly index = -1,
  ) {
    this.known = parent === undefined ? path : undefined;
  }

  get path(): string {
    return (this.known ??= this.pathBelow());
  }

  private pathBelow(): string {
    const at = this.parent?.at(this.key) ?? '';
    return this.index < 0 ? at : `${at}[${this.index}]`;
  }

  /** The path of a member; of the node itself for ''. Dotted keys lead deeper. */
  at(key: string): string {
    if (key === '') return this.path;
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  /** The same value under another path: where field errors of it are said to be. */
  movedTo(path: string): FieldNode {
    return new FieldNode(this.value, path, this.problems);
  }

  /** The member, undefined also when it is null. */
  get(key: string): JsonValue | undefined {
    return Object.hasOwn(this.value, key) ? (this.value[key] ?? undefined) : undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  text(key: string): string {
    const v = this.value[key];
    return typeof v === 'string' ? v : '';
  }

  flag(key: string): boolean {
    return this.value[key] === true;
  }

  number(key: string): number | undefined {
    const v = this.value[key];
    return typeof v === 'number' ? v : typeof v === 'bigint' ? Number(v) : undefined;
  }

  /** The strings of a list; none when it is absent. */
  texts(key: string): string[] {
    const v = this.value[key];
    return Array.isArray(v) ? v.map((x) => (typeof x === 'string' ? x : '')) : [];
  }

  /** Entries of a string map, in the order of their keys. */
  entries(key: string): [string, string][] {
    const v = this.value[key];
    if (!isObject(v)) return [];
    return Object.keys(v)
      .sort()
      .map((k) => [k, typeof v[k] === 'string' ? v[k] : '']);
  }

  /** The object at the member, undefined when there is none. */
  child(key: string): FieldNode | undefined {
    const v = this.value[key];
    return isObject(v) ? new FieldNode(v, undefined, this.problems, this, key) : undefined;
  }

  /** The same for a struct that is no pointer in Go: empty when absent. */
  struct(key: string): FieldNode {
    return this.child(key) ?? new FieldNode({}, undefined, this.problems, this, key);
  }

  /** The objects of a list, each with its index in its path. */
  list(key: string): FieldNode[] {
    const v = this.value[key];
    if (!Array.isArray(v)) return [];
    return v.map((x, i) => new FieldNode(isObject(x) ? x : {}, undefined, this.problems, this, key, i));
  }

  /** How many items the list at the member has. */
  count(key: string): number {
    const v = this.value[key];
    return Array.isArray(v) ? v.length : isObject(v) ? Object.keys(v).length : 0;
  }

  add(...errors: readonly FieldError[]): void {
    append(this.problems, errors);
  }

  required(key: string, detail = ''): void {
    this.problems.push(required(this.at(key), detail));
  }

  /** The member as a field error shows it: a list or map that was written down empty is told from none. */
  shown(key: string): JsonValue | undefined {
    return this.get(key) ?? emptiedAt(this.value, key);
  }

  /** Invalid with the member as the bad value unless another is given. */
  invalid(key: string, detail: string, badValue: unknown = key === '' ? this.value : this.shown(key)): void {
    this.problems.push(invalidValue(this.at(key), badValue, detail));
  }

  forbidden(key: string, detail: string): void {
    this.problems.push(forbiddenField(this.at(key), detail));
  }

  duplicate(key: string, badValue: unknown = this.get(key)): void {
    this.problems.push(duplicate(this.at(key), badValue));
  }

  notFound(key: string, badValue: unknown = this.text(key)): void {
    this.problems.push(fieldNotFound(this.at(key), badValue));
  }

  unsupported(key: string, supported: readonly string[], badValue: unknown = this.text(key)): void {
    this.problems.push(notSupported(this.at(key), badValue, supported));
  }

  tooLong(key: string, maxBytes: number): void {
    this.problems.push(tooLong(this.at(key), maxBytes));
  }

  tooMany(key: string, actual: number, max: number): void {
    this.problems.push(tooMany(this.at(key), actual, max));
  }

  /** One Invalid for each field error of `check` about the text. */
  checkText(key: string, check: TextCheck, value = this.text(key)): void {
    for (const message of check(value)) this.problems.push(invalidValue(this.at(key), value, message));
  }

  /** Required when empty, else checked. */
  requireText(key: string, check?: TextCheck, detail = ''): void {
    if (this.text(key) === '') this.required(key, detail);
    else if (check !== undefined) this.checkText(key, check);
  }

  /** The text must be one of `supported`, which are named in the order given. */
  requireOneOf(key: string, supported: readonly string[]): void {
    if (!supported.includes(this.text(key))) this.unsupported(key, supported);
  }

  /** As `requireOneOf`, when the member is there. */
  checkOneOf(key: string, supported: readonly string[]): void {
    if (this.has(key)) this.requireOneOf(key, supported);
  }

  /** `must be greater than or equal to 0` for a negative number; absent reads as 0. */
  nonNegative(key: string): void {
    const v = this.number(key) ?? 0;
    if (v < 0) this.invalid(key, 'must be greater than or equal to 0', v);
  }

  /** The member must be what it was in `old` (apimachinery's ValidateImmutableField). */
  immutable(key: string, old: JsonObject | undefined, badValue: unknown = this.shown(key)): void {
    if (!semanticEqual(this.value[key], old?.[key])) this.invalid(key, IMMUTABLE, badValue);
  }
}

/** Runs rules over an object and answers what they told as a field error. */
export function validating(obj: JsonObject, rules: (root: FieldNode) => void): FieldError[] {
  const root = new FieldNode(obj);
  rules(root);
  return root.problems;
}
