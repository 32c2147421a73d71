import { isIntOrString } from '../../machinery/int-or-string.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { QuantityError, canonicalAmount, canonicalQuantity } from '../../machinery/quantity.js';
import { TimeError, canonicalMicroTime, canonicalTime, formatDuration, parseDuration } from '../../machinery/time.js';
import { typeByName } from '../index.js';
import type { FieldDef, Scalar, TypeDef, TypeRef } from '../types.js';
import { base64Fault } from './base64.js';
import { embeddedNames, goTypeName, itemTypeName, structName } from './go-names.js';
import { Members, type Node, NumberText, numberOf } from './json-exact.js';
import { zeroOf } from './zero.js';

/**
 * The slow path of decoding: walks an exactly parsed document by the tables as Go's decoder (sigs.k8s.io/json) does,
 * to say in its words what is wrong. A value of a wrong type is remembered (the first one) and decoding goes on; a value
 * whose own decoder refuses it (quantities, times) ends it at once; unknown and duplicate fields are collected.
 */
export interface Report {
  /** The document without unknown fields; zero values and canonical forms are left to the fast walk. */
  readonly value: JsonValue | undefined;
  /** Why the document cannot be decoded at all. */
  readonly error?: string;
  /** `unknown field "spec.foo"`, `duplicate field "…"`: at most 100, each once, in the order of the document. */
  readonly strict: readonly string[];
}

/** Go collects no more strict errors than this. */
const MAX_STRICT = 100;

/** A decoder of one value gave up. */
class Refused extends Error {}

function setMember(out: JsonObject, name: string, value: JsonValue | undefined): void {
  // `__proto__` is a key like any other (a ConfigMap may have it), never the prototype.
  if (name === '__proto__') {
    Object.defineProperty(out, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    out[name] = value;
  }
}

function kindOf(node: Node): string {
  if (Array.isArray(node)) return 'array';
  if (node instanceof Members) return 'object';
  if (node instanceof NumberText) return 'number';
  return typeof node === 'boolean' ? 'bool' : 'string';
}

class Reporter {
  private saved: string | undefined;
  readonly strict = new Set<string>();
  private readonly goPath: string[] = [];
  private struct = '';
  private keys = '';

  get error(): string | undefined {
    return this.saved;
  }

  private typeError(value: string, goType: string): string {
    if (this.struct === '' && this.goPath.length === 0) {
      return `json: cannot unmarshal ${value} into Go value of type ${goType}`;
    }
    return `json: cannot unmarshal ${value} into Go struct field ${this.struct}.${this.goPath.join('.')} of type ${goType}`;
  }
  private wrongType(node: Node | string, goType: string): undefined {
    this.saved ??= this.typeError(typeof node === 'string' ? node : kindOf(node), goType);
    return undefined;
  }
  private addStrict(what: string, key: string): void {
    if (this.strict.size < MAX_STRICT) this.strict.add(`${what} field "${this.keyPath(key)}"`);
  }
  private keyPath(key: string): string {
    return this.keys === '' ? key : `${this.keys}.${key}`;
  }
  private within<T>(key: string, f: () => T): T {
    const before = this.keys;
    this.keys = this.keyPath(key);
    const out = f();
    this.keys = before;
    return out;
  }

  /** A value without a schema; `watched` says whether its duplicates are reported. */
  raw(node: Node, watched: boolean): JsonValue {
    if (node instanceof NumberText) {
      const n = numberOf(node);
      // What no double can hold would be stored as null.
      if (n === Infinity || n === -Infinity) {
        this.saved ??= `json: cannot unmarshal number ${node.text} into Go value of type float64`;
      }
      return n;
    }
    if (Array.isArray(node)) {
      return node.map((item, i) => {
        const before = this.keys;
        this.keys += `[${i}]`;
        const out = this.raw(item, watched);
        this.keys = before;
        return out;
      });
    }
    if (!(node instanceof Members)) return node;
    const out: JsonObject = {};
    const { names, values } = node;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] ?? '';
      if (watched && Object.hasOwn(out, name)) this.addStrict('duplicate', name);
      setMember(
        out,
        name,
        this.within(name, () => this.raw(values[i] ?? null, watched)),
      );
    }
    return out;
  }

  private integer(node: Node, bits: 32 | 64): JsonValue | undefined {
    const goType = `int${bits}`;
    if (!(node instanceof NumberText)) return this.wrongType(node === null ? 'null' : kindOf(node), goType);
    if (node.isInteger && node.text.length <= 20) {
      const big = BigInt(node.text);
      if (BigInt.asIntN(bits, big) === big) return numberOf(node);
    }
    return this.wrongType(`number ${node.text}`, goType);
  }

  private text(node: Node, parse: (text: string) => string | undefined): string | undefined {
    if (typeof node !== 'string') throw new Refused(this.typeError(kindOf(node), 'string'));
    return parse(node);
  }

  private scalar(node: Node, scalar: Scalar, goType: string): JsonValue | undefined {
    switch (scalar) {
      case 'string':
        return typeof node === 'string' ? node : this.wrongType(node === null ? 'null' : kindOf(node), goType);
      case 'bool':
        return typeof node === 'boolean' ? node : this.wrongType(kindName(node), goType);
      case 'int32':
        return this.integer(node, 32);
      case 'int64':
        return this.integer(node, 64);
      case 'double': {
        if (!(node instanceof NumberText)) return this.wrongType(kindName(node), 'float64');
        const n = Number(node.text);
        return Number.isFinite(n) ? n : this.wrongType(`number ${node.text}`, 'float64');
      }
      case 'bytes': {
        if (typeof node !== 'string') return this.wrongType(kindName(node), '[]uint8');
        const bytes = Buffer.from(node);
        const fault = base64Fault(bytes);
        if (fault >= 0) {
          this.saved ??= `illegal base64 data at input byte ${fault}`;
          return undefined;
        }
        return Buffer.from(node, 'base64').toString('base64');
      }
      case 'quantity':
        if (typeof node === 'string') return canonicalQuantity(node);
        if (node instanceof NumberText) return canonicalQuantity(node.text);
        // Go hands the raw text to the parser, whatever it is.
        return canonicalQuantity(typeof node === 'boolean' ? String(node) : '{');
      case 'intOrString': {
        if (typeof node === 'string') return node;
        const n = node instanceof NumberText ? numberOf(node) : undefined;
        if (node instanceof NumberText && node.isInteger && isIntOrString(n)) return n;
        throw new Refused(this.typeError(node instanceof NumberText ? `number ${node.text}` : kindName(node), 'int32'));
      }
      case 'time':
        return this.text(node, canonicalTime);
      case 'microTime':
        return this.text(node, canonicalMicroTime);
      case 'duration':
        return this.text(node, (text) => formatDuration(parseDuration(text)));
      case 'rawExtension':
      case 'json':
      case 'fieldsV1':
        return this.raw(node, false);
    }
  }

  /** `into` is what an earlier duplicate left: objects are merged into it, as Go decodes into what is there. */
  value(node: Node, ref: TypeRef, goType: string, into?: JsonValue): JsonValue | undefined {
    if (ref.k === 'scalar') {
      const value = this.scalar(node, ref.scalar, goType);
      return ref.milli === true && typeof value === 'string' ? canonicalAmount(value) : value;
    }
    if (ref.k === 'message') return this.message(node, typeByName(ref.type), into);
    const itemType = itemTypeName(goType, ref.of);
    if (ref.k === 'list') {
      if (!Array.isArray(node)) return this.wrongType(kindName(node), goType);
      const items: JsonValue[] = [];
      for (let i = 0; i < node.length; i++) {
        const before = this.keys;
        this.keys += `[${i}]`;
        items.push(this.element(node[i] ?? null, ref.of, itemType));
        this.keys = before;
      }
      return items;
    }
    if (!(node instanceof Members)) return this.wrongType(kindName(node), goType);
    const out: JsonObject = isPlain(into) ? into : {};
    const here = new Set<string>();
    for (let i = 0; i < node.names.length; i++) {
      const name = node.names[i] ?? '';
      if (here.has(name)) this.addStrict('duplicate', name);
      here.add(name);
      setMember(
        out,
        name,
        this.within(name, () => this.element(node.values[i] ?? null, ref.of, itemType)),
      );
    }
    return out;
  }

  /** An item of a list or map: null is the zero value. */
  private element(node: Node, of: TypeRef, goType: string): JsonValue {
    if (node === null) return zeroOf(of) ?? (of.k === 'list' ? [] : of.k === 'map' ? {} : null);
    return this.value(node, of, goType) ?? null;
  }

  private oneOf(node: Node, type: TypeDef): JsonValue | undefined {
    const field = [...type.fields.values()].find((f) => f.ref.k === 'message');
    const { strict } = this;
    const before = [...strict];
    const schema = (of: Node): JsonValue | undefined => {
      if (field === undefined) return undefined;
      const out = this.value(of, field.ref, goTypeName(type, field));
      // These types decode themselves: what they find unknown is nobody's to know, what they find wrong ends it.
      strict.clear();
      for (const s of before) strict.add(s);
      if (this.saved !== undefined) throw new Refused(this.saved);
      return out;
    };
    if (node instanceof Members) return schema(node);
    if (type.oneOf === 'bool') {
      if (typeof node === 'boolean') return node;
      throw new Refused('boolean or JSON schema expected');
    }
    if (!Array.isArray(node)) return undefined;
    if (type.oneOf === 'array') return node.map((item) => schema(item) ?? {});
    return node.map((item) => {
      if (typeof item === 'string') return item;
      if (item === null) return '';
      throw new Refused(this.typeError(kindOf(item), 'string'));
    });
  }

  message(node: Node, type: TypeDef, into?: JsonValue): JsonValue | undefined {
    if (type.oneOf !== undefined) return this.oneOf(node, type);
    if (!(node instanceof Members)) return this.wrongType(kindName(node), structName(type));
    const out: JsonObject = isPlain(into) ? into : {};
    const here = new Set<string>();
    const { names, values } = node;
    const outer = this.struct;
    const depth = this.goPath.length;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] ?? '';
      const field: FieldDef | undefined = type.fields.get(name);
      if (field === undefined) {
        this.addStrict('unknown', name);
        continue;
      }
      if (here.has(name)) this.addStrict('duplicate', name);
      here.add(name);
      const child = values[i] ?? null;
      if (child === null) {
        // Null empties what can be empty and leaves the rest as it was.
        if (field.pointer === true || field.ref.k === 'list' || field.ref.k === 'map') out[name] = undefined;
        continue;
      }
      this.goPath.push(...embeddedNames(type, field), name);
      this.struct = lastSegment(type.name);
      const value = this.within(name, () => this.value(child, field.ref, goTypeName(type, field), out[name]));
      if (value !== undefined) out[name] = value;
      this.goPath.length = depth;
      this.struct = outer;
    }
    return out;
  }
}

function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
function kindName(node: Node): string {
  return node === null ? 'null' : kindOf(node);
}
function isPlain(v: JsonValue | undefined): v is JsonObject {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

function fieldError(e: unknown): string {
  if (e instanceof Refused || e instanceof QuantityError || e instanceof TimeError) return e.message;
  throw e;
}

/** Decodes `node` as a value of `type`. */
export function reportTyped(node: Node, type: TypeDef): Report {
  const reporter = new Reporter();
  let value: JsonValue | undefined;
  let refused: string | undefined;
  try {
    value = node === null ? {} : reporter.message(node, type);
  } catch (e) {
    refused = fieldError(e);
  }
  const error = refused ?? reporter.error;
  return { value, strict: [...reporter.strict], ...(error === undefined ? {} : { error }) };
}

/** Decodes `node` without a schema: duplicates are reported, integers are exact, numbers beyond a double an error. */
export function reportUntyped(node: Node): Report {
  const reporter = new Reporter();
  const value = reporter.raw(node, true);
  const { error } = reporter;
  return { value, strict: [...reporter.strict], ...(error === undefined ? {} : { error }) };
}
