import { isDeepStrictEqual } from 'node:util';
import type { Definition } from '../../extensions/definition.js';
import type { ServedVersion } from '../../extensions/served.js';
import { str } from '../../machinery/access.js';
import { Breath, mapInTurns } from '../../machinery/breathe.js';
import { cloneJson } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import type { VersionConverter } from '../types.js';
import { coerceTo, defaultsOf } from './coerce.js';
import { type Calls, WebhookConverter } from './conversion.js';

/** Changes an object in place. */
type Change = (object: JsonObject) => void;

/**
 * Brings a stored object to the schema of the version in which it is stored, in place: what the schema does not know
 * goes, and its defaults come. kube-apiserver does so with whatever it reads from etcd.
 */
export function renewerOf({ def, definition }: ServedVersion): Change {
  const renewers = new Map<string, Change>();
  return (object) => {
    const apiVersion = str(object, 'apiVersion');
    let renew = renewers.get(apiVersion);
    if (renew === undefined) {
      const version = definition.versions.find((v) => `${def.group}/${v.name}` === apiVersion);
      if (version === undefined) return;
      const coerce = coerceTo(version.schema, { ...def, version: version.name });
      const defaults = defaultsOf(version.schema);
      renew = (o) => {
        coerce(o, 'Ignore', []);
        defaults(o);
      };
      renewers.set(apiVersion, renew);
    }
    renew(object);
  };
}

/** Whether objects of one version are those of every other but for their apiVersion. */
function differInNameAlone({ conversion, versions }: Definition): boolean {
  return conversion === undefined && versions.every((v) => isDeepStrictEqual(v.schema, versions[0]?.schema));
}

/** How objects come to be of this version; undefined where versions differ in their name alone. */
export function versionConverter(
  served: ServedVersion,
  renew: Change,
  calls: Calls | undefined,
): VersionConverter | undefined {
  const { def, version, definition } = served;
  const { conversion, storageVersion } = definition;
  if (differInNameAlone(definition)) return undefined;
  const apiVersion = `${def.group}/${version.name}`;
  const coerce = coerceTo(version.schema, def);
  const renewed = (object: JsonObject): JsonObject => {
    const copy = cloneJson(object);
    renew(copy);
    return copy;
  };
  const pruned = (object: JsonObject): JsonObject => {
    const copy = cloneJson(object);
    coerce(copy, 'Ignore', []);
    return copy;
  };
  const home = definition.versions.find((v) => v.name === storageVersion);
  const homeVersion = `${def.group}/${storageVersion}`;
  // Made at the first write: a large schema takes a while to look through.
  let homeSchema: { readonly coerce: ReturnType<typeof coerceTo>; readonly defaults: Change } | undefined;
  const toHome = async (object: JsonObject): Promise<JsonObject> => {
    const breath = new Breath();
    const schema = home?.schema ?? {};
    homeSchema ??= { coerce: coerceTo(schema, { ...def, version: storageVersion }), defaults: defaultsOf(schema) };
    if (breath.isOver()) await breath.rest();
    const copy = cloneJson(object);
    homeSchema.coerce(copy, 'Ignore', []);
    if (breath.isOver()) await breath.rest();
    // Whoever reads it would see them.
    homeSchema.defaults(copy);
    if (breath.isOver()) await breath.rest();
    return copy;
  };
  const convert = conversion === undefined ? rename : conversionBy(calls, conversion, definition);
  const servedNow = (object: JsonObject): JsonObject => {
    const own = renewed(object);
    return own['apiVersion'] === apiVersion ? own : pruned({ ...own, apiVersion });
  };
  return {
    async served(objects) {
      if (conversion === undefined) return objects.map(servedNow);
      const own = await mapInTurns(objects, renewed);
      const converted = await convert(own, apiVersion);
      // What a webhook made gets no defaults of this version, as in kube-apiserver.
      return mapInTurns(converted, (made, i) => (made === own[i] ? made : pruned(made)));
    },
    ...(conversion === undefined ? { servedNow } : {}),
    hasForeign: version.name !== storageVersion || definition.storedVersions.some((v) => v !== version.name),
    async declared(objects) {
      const converted = await convert(objects, apiVersion);
      const unknown: string[] = [];
      for (const made of converted) coerce(cloneJson(made), 'Warn', unknown);
      return unknown.length === 0 ? converted : undefined;
    },
    async stored(object) {
      const [stored] = await convert([object], homeVersion);
      return stored === undefined || stored === object ? object : await toHome(stored);
    },
  };
}

type Convert = (objects: readonly JsonObject[], apiVersion: string) => Promise<JsonObject[]>;

/** The strategy None: objects get another apiVersion. */
const rename: Convert = (objects, apiVersion) =>
  Promise.resolve(objects.map((o) => (o['apiVersion'] === apiVersion ? o : { ...o, apiVersion })));

/** A webhook that cannot be called fails every conversion. */
function conversionBy(
  calls: Calls | undefined,
  conversion: NonNullable<Definition['conversion']>,
  { name, group }: Definition,
): Convert {
  const converter = calls === undefined ? undefined : new WebhookConverter(name, conversion, calls);
  return async (objects, apiVersion) => {
    if (objects.every((o) => o['apiVersion'] === apiVersion)) return [...objects];
    if (converter === undefined) throw new StatusError(500, '', `no conversion webhook of ${group} can be called here`);
    return await converter.convert(objects, apiVersion);
  };
}
