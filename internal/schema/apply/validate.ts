import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { MAX_MESSAGE } from '../../machinery/status.js';
import { elementText } from './element.js';
import { itemElement, type ListPlan, type Plan, type ScalarKind } from './plan.js';

/**
 * What is wrong with an applied object, in the words of structured-merge-diff, or '' when it fits its type: fields that the
 * type does not have, values of another kind, associative lists with items that have no key or the same.
 */
export function misfit(plan: Plan, obj: JsonObject): string {
  const errors = new Errors();
  check(plan, obj, '', errors);
  const { texts } = errors;
  if (texts.length <= 1) return texts[0] ?? '';
  return ['errors:', ...texts.map((e) => `  ${e}`)].join('\n');
}

/** What is wrong, as far as a Status can tell it. */
class Errors {
  readonly texts: string[] = [];
  #length = 0;

  /** More would be cut off the message of the Status. */
  get isFull(): boolean {
    return this.#length > MAX_MESSAGE;
  }

  add(text: string): void {
    this.texts.push(text);
    this.#length += text.length;
  }
}

function report(path: string, text: string, errors: Errors): void {
  errors.add(path === '' ? text : `${path}: ${text}`);
}

function check(plan: Plan, v: JsonValue, path: string, errors: Errors): void {
  if (v === null) return;
  switch (plan.k) {
    case 'scalar':
      if (!fits(plan.scalar, v)) report(path, expectation(plan.scalar, v), errors);
      return;
    case 'struct':
    case 'map':
      if (!isObject(v)) report(path, `expected map, got ${shown(v)}`, errors);
      else checkMap(plan, v, path, errors);
      return;
    case 'list':
      if (!Array.isArray(v)) report(path, `expected list, got ${shown(v)}`, errors);
      else checkList(plan, v, path, errors);
      return;
    case 'deduced':
  }
}

function checkMap(plan: Plan, v: JsonObject, path: string, errors: Errors): void {
  for (const name in v) {
    if (errors.isFull) return;
    const value = v[name];
    if (value === undefined) continue;
    const at = `${path}.${name}`;
    const of =
      plan.k === 'map' ? plan.of : plan.k === 'struct' ? (plan.fields.get(name)?.plan ?? plan.others) : undefined;
    if (of === undefined) report(at, 'field not declared in schema', errors);
    else check(of, value, at, errors);
  }
}

function checkList(plan: ListPlan, list: readonly JsonValue[], path: string, errors: Errors): void {
  const seen = new Set<string>();
  list.forEach((item, i) => {
    if (errors.isFull) return;
    if (plan.rel === 'atomic') {
      check(plan.of, item, `${path}[${i}]`, errors);
      return;
    }
    const element = itemElement(plan, item);
    if (typeof element !== 'string') {
      report(path, `element ${i}: ${element.error}`, errors);
      return;
    }
    const text = elementText(element);
    if (seen.has(element)) report(path, `duplicate entries for key ${text}`, errors);
    seen.add(element);
    check(plan.of, item, `${path}${text}`, errors);
  });
}

function fits(kind: ScalarKind, v: JsonValue): boolean {
  const type = typeof v;
  if (kind === 'raw') return true;
  if (kind === 'any') return type !== 'object';
  return kind === 'numeric' ? type === 'number' || type === 'bigint' : type === kind;
}

function expectation(kind: ScalarKind, v: JsonValue): string {
  if (kind === 'numeric') return `expected numeric (int or float), got ${goType(v)}`;
  if (kind === 'string') return `expected string, got &value.valueUnstructured{Value:${goSyntax(v)}}`;
  return kind === 'boolean' ? `expected boolean, got ${shown(v)}` : `expected any scalar, got ${shown(v)}`;
}

/** Go's %T. */
function goType(v: JsonValue): string {
  if (typeof v === 'string') return 'string';
  if (typeof v === 'boolean') return 'bool';
  return Array.isArray(v) ? '[]interface {}' : 'map[string]interface {}';
}
/** Go's %#v of a decoded JSON value. */
function goSyntax(v: JsonValue): string {
  if (typeof v === 'string') return JSON.stringify(v);
  if (v === null) return 'interface {}(nil)';
  if (typeof v !== 'object') return String(v);
  if (Array.isArray(v)) return `[]interface {}{${v.map(goSyntax).join(', ')}}`;
  const pairs = Object.keys(v)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(v[key] ?? null)}`);
  return `map[string]interface {}{${pairs.join(', ')}}`;
}
/** Go's %v of structured-merge-diff's values. */
const shown = (v: JsonValue): string => `&{${goPlain(v)}}`;
function goPlain(v: JsonValue): string {
  if (v === null) return '<nil>';
  if (typeof v !== 'object') return String(v);
  if (Array.isArray(v)) return `[${v.map(goPlain).join(' ')}]`;
  const pairs = Object.keys(v)
    .sort()
    .map((key) => `${key}:${goPlain(v[key] ?? null)}`);
  return `map[${pairs.join(' ')}]`;
}
