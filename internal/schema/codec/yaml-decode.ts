import {
  EVENT_ID,
  type Event,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
  getScalarValue,
  parseEvents,
} from 'js-yaml';
import { MAX_DEPTH } from './json-exact.js';
import { resolvePlain } from './yaml-resolve.js';
import { goYamlProblem } from './yaml-words.js';

/**
 * YAML to JSON as sigs.k8s.io/yaml does it (over goyaml.v2): YAML 1.1 booleans and octal numbers, timestamps as strings,
 * merge keys, keys of any scalar type as strings, JSON with sorted keys. Only the first document is read.
 */
export interface YamlJson {
  readonly json: Buffer;
  /** `yaml: unmarshal errors:…` when a key is set twice: a strict decoding error. */
  readonly duplicates: string | undefined;
}

const UNMARSHAL_ERRORS = 'yaml: unmarshal errors:\n';

/** What `duplicates` says, one warning for each (apiserver's parseYAMLWarnings). */
export function yamlWarnings(duplicates: string): string[] {
  return duplicates
    .slice(UNMARSHAL_ERRORS.length)
    .split('\n')
    .map((line) => line.trim());
}

/** YAML that cannot be read; the message begins with `yaml: `. */
export class YamlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'YamlError';
  }
}

/** Nesting of collections; an object of the API is never near it. */
const MAX_NESTING = 500;
/** Aliases may blow a document up to this many bytes of JSON. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;
/** goyaml collects no more of these than fit a readable message. */
const MAX_DUPLICATES = 100;

type YamlNode =
  | {
      readonly kind: 'scalar';
      readonly json: string;
      readonly key: string | undefined;
      readonly merge: boolean;
      readonly at: number;
    }
  | { readonly kind: 'alias'; readonly target: YamlNode; readonly at: number }
  | { readonly kind: 'list'; readonly items: YamlNode[]; readonly at: number; open: boolean }
  | { readonly kind: 'map'; readonly pairs: (readonly [YamlNode, YamlNode])[]; readonly at: number; open: boolean };

function numberJson(n: number): string {
  if (!Number.isFinite(n))
    throw new YamlError(`json: unsupported value: ${Number.isNaN(n) ? 'NaN' : n < 0 ? '-Inf' : '+Inf'}`);
  return JSON.stringify(n);
}

function scalarNode(source: string, event: ScalarEvent): YamlNode {
  const text = getScalarValue(source, event);
  const at = event.valueStart;
  const string = (s: string): YamlNode => ({ kind: 'scalar', json: JSON.stringify(s), key: s, merge: false, at });
  const tag = event.tagStart < 0 ? '' : source.slice(event.tagStart, event.tagEnd);
  if (tag === '!!binary') return string(Buffer.from(text, 'base64').toString());
  const typed = tag === '!!int' || tag === '!!float' || tag === '!!bool' || tag === '!!null';
  if (tag === '!!str' || tag === '!' || (event.style !== SCALAR_STYLE.PLAIN && !typed)) return string(text);
  const resolved = resolvePlain(text);
  switch (resolved.type) {
    case 'string':
    case 'timestamp':
      return string(text);
    case 'merge':
      return { kind: 'scalar', json: '"<<"', key: '<<', merge: event.style === SCALAR_STYLE.PLAIN, at };
    case 'null':
      return { kind: 'scalar', json: 'null', key: undefined, merge: false, at };
    case 'bool':
      return { kind: 'scalar', json: String(resolved.value), key: String(resolved.value), merge: false, at };
    case 'int':
      return { kind: 'scalar', json: String(resolved.value), key: String(resolved.value), merge: false, at };
    case 'float':
      return { kind: 'scalar', json: numberJson(resolved.value), key: numberJson(resolved.value), merge: false, at };
  }
}

/** Builds the nodes of the first document; undefined when there is none. */
function compose(source: string, events: readonly Event[]): YamlNode | undefined {
  const anchors = new Map<string, YamlNode>();
  let i = 0;
  const next = (): Event | undefined => events[i++];
  const node = (event: Event): YamlNode => {
    if (event.type === EVENT_ID.ALIAS) {
      const name = source.slice(event.anchorStart, event.anchorEnd);
      const target = anchors.get(name);
      if (target === undefined) throw new YamlError(`yaml: unknown anchor '${name}' referenced`);
      if (target.kind !== 'scalar' && target.kind !== 'alias' && target.open)
        throw new YamlError(`yaml: anchor '${name}' value contains itself`);
      return { kind: 'alias', target, at: event.anchorStart };
    }
    if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.SEQUENCE && event.type !== EVENT_ID.MAPPING) {
      throw new YamlError('yaml: unexpected end of the document');
    }
    const anchor = event.anchorStart < 0 ? undefined : source.slice(event.anchorStart, event.anchorEnd);
    if (event.type === EVENT_ID.SCALAR) {
      const scalar = scalarNode(source, event);
      if (anchor !== undefined) anchors.set(anchor, scalar);
      return scalar;
    }
    if (event.type === EVENT_ID.SEQUENCE) {
      const list: YamlNode = { kind: 'list', items: [], at: event.start, open: true };
      if (anchor !== undefined) anchors.set(anchor, list);
      for (let e = next(); e !== undefined && e.type !== EVENT_ID.POP; e = next()) list.items.push(node(e));
      list.open = false;
      return list;
    }
    const map: YamlNode = { kind: 'map', pairs: [], at: event.start, open: true };
    if (anchor !== undefined) anchors.set(anchor, map);
    for (let e = next(); e !== undefined && e.type !== EVENT_ID.POP; e = next()) {
      const key = node(e);
      const value = next();
      if (value === undefined) break;
      map.pairs.push([key, node(value)]);
    }
    map.open = false;
    return map;
  };
  const first = next();
  if (first === undefined || first.type !== EVENT_ID.DOCUMENT) return undefined;
  const content = next();
  return content === undefined || content.type === EVENT_ID.POP ? undefined : node(content);
}

/** The share of a document that may come from aliases, by its expanded nodes: goyaml's guard against alias bombs. */
function allowedAliasShare(nodes: number): number {
  if (nodes <= 400_000) return 0.99;
  if (nodes >= 4_000_000) return 0.1;
  return 0.99 - 0.89 * ((nodes - 400_000) / 3_600_000);
}

/** What an alias stands for. */
function resolved(node: YamlNode): YamlNode {
  let n = node;
  while (n.kind === 'alias') n = n.target;
  return n;
}

class JsonWriter {
  private readonly parts: string[] = [];
  private bytes = 0;
  private nodes = 0;
  private aliased = 0;
  private aliasDepth = 0;
  readonly duplicates: string[] = [];
  constructor(private readonly source: string) {}

  text(): string {
    return this.parts.join('');
  }
  private put(s: string): void {
    this.bytes += s.length;
    if (this.bytes > MAX_JSON_BYTES) throw new YamlError('yaml: document contains excessive aliasing');
    this.parts.push(s);
  }

  private lineOf(at: number): number {
    let line = 1;
    for (let i = this.source.indexOf('\n'); i >= 0 && i < at; i = this.source.indexOf('\n', i + 1)) line++;
    return line;
  }

  private count(): void {
    this.nodes++;
    if (this.aliasDepth > 0) this.aliased++;
    if (this.aliased > 100 && this.nodes > 1000 && this.aliased / this.nodes > allowedAliasShare(this.nodes)) {
      throw new YamlError('yaml: document contains excessive aliasing');
    }
  }

  private collect(of: YamlNode, into: Map<string, YamlNode>, depth: number): void {
    const map = resolved(of);
    if (of.kind === 'alias') this.aliasDepth++;
    this.collectPairs(map, into, depth);
    if (of.kind === 'alias') this.aliasDepth--;
  }

  private collectPairs(map: YamlNode, into: Map<string, YamlNode>, depth: number): void {
    if (map.kind !== 'map') throw new YamlError('yaml: map merge requires map or sequence of maps as the value');
    if (depth > MAX_DEPTH) throw new YamlError('yaml: exceeded max depth');
    for (const [written, value] of map.pairs) {
      this.count();
      const key = resolved(written);
      if (key.kind === 'scalar' && key.merge) {
        const merged = resolved(value);
        if (merged.kind === 'list') {
          // Earlier ones win: they are written last.
          for (let i = merged.items.length - 1; i >= 0; i--) {
            const item = merged.items[i];
            if (item !== undefined) this.collect(item, into, depth + 1);
          }
        } else {
          this.collect(value, into, depth + 1);
        }
        continue;
      }
      if (key.kind !== 'scalar') throw new YamlError(`yaml: invalid map key: line ${this.lineOf(key.at)}`);
      if (key.key === undefined) throw new YamlError('unsupported map key of type: %!s(<nil>), key: <nil>');
      if (into.has(key.key) && this.duplicates.length < MAX_DUPLICATES) {
        this.duplicates.push(`line ${this.lineOf(value.at)}: key ${JSON.stringify(key.key)} already set in map`);
      }
      into.set(key.key, value);
    }
  }

  write(node: YamlNode, depth: number): void {
    this.count();
    if (node.kind === 'alias') {
      this.aliasDepth++;
      this.write(node.target, depth);
      this.aliasDepth--;
      return;
    }
    if (node.kind === 'scalar') {
      this.put(node.json);
      return;
    }
    if (depth > MAX_DEPTH) throw new YamlError('yaml: exceeded max depth');
    if (node.kind === 'list') {
      this.put('[');
      for (let i = 0; i < node.items.length; i++) {
        const item = node.items[i];
        if (i > 0) this.put(',');
        if (item !== undefined) this.write(item, depth + 1);
      }
      this.put(']');
      return;
    }
    const members = new Map<string, YamlNode>();
    this.collect(node, members, 0);
    let first = true;
    this.put('{');
    for (const name of [...members.keys()].sort()) {
      const value = members.get(name);
      if (value === undefined) continue;
      this.put(`${first ? '' : ','}${JSON.stringify(name)}:`);
      first = false;
      this.write(value, depth + 1);
    }
    this.put('}');
  }
}

/** Converts a YAML body to JSON; throws YamlError. */
export function yamlToJson(body: Buffer): YamlJson {
  const source = body.toString();
  let root: YamlNode | undefined;
  try {
    root = compose(source, parseEvents(source, { maxDepth: MAX_NESTING }));
  } catch (e) {
    if (e instanceof YAMLException) {
      throw new YamlError(`yaml: ${goYamlProblem(e.reason, e.mark?.line)}`);
    }
    if (e instanceof YamlError) throw e;
    // The parser must not be trusted to fail in one way only.
    throw new YamlError(`yaml: ${e instanceof Error ? e.message : String(e)}`);
  }
  if (root === undefined) return { json: Buffer.from('null'), duplicates: undefined };
  const writer = new JsonWriter(source);
  writer.write(root, 0);
  const { duplicates } = writer;
  return {
    json: Buffer.from(writer.text()),
    duplicates: duplicates.length === 0 ? undefined : `${UNMARSHAL_ERRORS}  ${duplicates.join('\n  ')}`,
  };
}
