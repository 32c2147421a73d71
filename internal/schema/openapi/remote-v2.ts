import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';

const DEFINITION = '#/definitions/';
const PARAMETER = '#/parameters/';
const KINDS = 'x-kubernetes-group-version-kind';
/** How deep a document of another server may be nested. */
const MAX_DEPTH = 100;

/** What is taken over of the v2 document of another server. */
export interface RemoteSpec {
  /** Changes whenever the rest does. */
  readonly fingerprint: string;
  readonly paths: ReadonlyMap<string, JsonObject>;
  /** Those that the paths need. */
  readonly definitions: ReadonlyMap<string, JsonObject>;
}

/**
 * The paths of a group and version in the document of the server behind it, and the definitions that they need. Shared
 * parameters are written out where they are used, so that nobody's names meet. `fingerprint` tells one document from
 * another. Throws RangeError for one that is nested
 * more than 100 deep.
 */
export function remoteSpec(document: JsonObject, group: string, version: string, fingerprint: string): RemoteSpec {
  const all = isObject(document['definitions']) ? document['definitions'] : {};
  const shared = isObject(document['parameters']) ? document['parameters'] : {};
  const paths = new Map<string, JsonObject>();
  const definitions = new Map<string, JsonObject>();
  const prefix = `/apis/${group}/${version}/`;
  const take = (value: JsonValue): void => {
    for (const name of referred(value)) {
      const definition = Object.hasOwn(all, name) ? all[name] : undefined;
      if (definitions.has(name) || !isObject(definition)) continue;
      definitions.set(name, definition);
      take(definition);
    }
  };
  for (const [path, item] of Object.entries(isObject(document['paths']) ? document['paths'] : {})) {
    if (!isObject(item) || !(path.startsWith(prefix) || path === `/apis/${group}/`)) continue;
    const whole = replaced(item, (ref) => {
      const name = ref.startsWith(PARAMETER) ? ref.slice(PARAMETER.length) : '';
      return name !== '' && Object.hasOwn(shared, name) ? shared[name] : undefined;
    });
    paths.set(path, whole as JsonObject);
    take(whole);
  }
  return { fingerprint: `${group}/${version} ${fingerprint}`, paths, definitions };
}

/** Under which names definitions of other servers stand beside this server's own. */
export class RemoteDefinitions {
  /** Those that are added, by the name that they have then, with references as they are to be written. */
  readonly added = new Map<string, JsonObject>();
  /** Kinds that own definitions stand for as well. */
  readonly kinds = new Map<string, JsonValue[]>();
  private readonly originals = new Map<string, JsonObject>();

  /** `own` gives the definition of this server with a name, where there is one. */
  constructor(private readonly own: (name: string) => JsonObject | undefined) {}

  /**
   * Takes in the definitions of one server (kube-openapi's merge with renaming): one that is there already, but for its
   * kinds, is shared, another with the same name gets a `_v2`, `_v3` ... behind it. Returns what rewrites the references
   * of that server.
   */
  add(definitions: ReadonlyMap<string, JsonObject>): (value: JsonObject) => JsonObject {
    const names = new Map<string, string>();
    const fresh: [string, JsonObject][] = [];
    for (const [name, definition] of definitions) {
      let as = name;
      for (let i = 2; ; i++) {
        const known = this.own(as) ?? this.originals.get(as);
        if (known === undefined) {
          this.originals.set(as, definition);
          fresh.push([as, definition]);
          break;
        }
        if (equalButForKinds(known, definition)) {
          this.share(as, known, definition);
          break;
        }
        as = `${name}_v${i}`;
      }
      if (as !== name) names.set(name, as);
    }
    const rewrite = (value: JsonObject): JsonObject =>
      names.size === 0
        ? value
        : (replaced(value, (ref) => {
            const as = ref.startsWith(DEFINITION) ? names.get(ref.slice(DEFINITION.length)) : undefined;
            return as === undefined ? undefined : { $ref: `${DEFINITION}${as}` };
          }) as JsonObject);
    for (const [as, definition] of fresh) this.added.set(as, rewrite(definition));
    return rewrite;
  }

  private share(name: string, known: JsonObject, definition: JsonObject): void {
    const kinds = this.kinds.get(name) ?? listOf(known[KINDS]);
    const more = listOf(definition[KINDS]).filter((kind) => !kinds.some((k) => isDeepStrictEqual(k, kind)));
    if (more.length > 0) this.kinds.set(name, [...kinds, ...more]);
  }

  /** A definition with the kinds that it stands for by now. */
  withKinds(name: string, definition: JsonObject): JsonObject {
    const kinds = this.kinds.get(name);
    return kinds === undefined ? definition : { ...definition, [KINDS]: kinds };
  }
}

const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);

function equalButForKinds(a: JsonObject, b: JsonObject): boolean {
  return isDeepStrictEqual({ ...a, [KINDS]: [] }, { ...b, [KINDS]: [] });
}

/** The definitions that a value refers to. */
function referred(value: JsonValue, into = new Set<string>(), depth = 0): Set<string> {
  if (depth > MAX_DEPTH) throw new RangeError(`the document is nested more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) for (const item of value) referred(item, into, depth + 1);
  else if (isObject(value)) {
    const { $ref } = value;
    if (typeof $ref === 'string' && $ref.startsWith(DEFINITION)) into.add($ref.slice(DEFINITION.length));
    for (const member of Object.values(value)) if (member !== undefined) referred(member, into, depth + 1);
  }
  return into;
}

/** A copy in which each object with a `$ref` is what `of` makes of it, where it makes something. */
function replaced(value: JsonValue, of: (ref: string) => JsonValue | undefined, depth = 0): JsonValue {
  if (depth > MAX_DEPTH) throw new RangeError(`the document is nested more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) return value.map((item) => replaced(item, of, depth + 1));
  if (!isObject(value)) return value;
  const { $ref } = value;
  const instead = typeof $ref === 'string' ? of($ref) : undefined;
  if (instead !== undefined) return instead;
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    // A name that would not become a member.
    if (member !== undefined && name !== '__proto__') out[name] = replaced(member, of, depth + 1);
  }
  return out;
}
