import { createHash } from 'node:crypto';
import { child, children, str, strings } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { compareVersions } from '../schema/discovery/versions.js';
import { simplePath } from './jsonpath.js';

/** Where the scale subresource finds its numbers. */
export interface ScalePaths {
  readonly spec: readonly string[];
  readonly status: readonly string[];
  readonly selector: readonly string[] | undefined;
}

/** One version of a CustomResourceDefinition. */
export interface DefinedVersion {
  readonly name: string;
  readonly served: boolean;
  /** openAPIV3Schema; one that keeps everything when the version has none. */
  readonly schema: JsonObject;
  readonly status: boolean;
  readonly scale: ScalePaths | undefined;
  readonly columns: readonly JsonObject[];
  /** JSON paths such as `.spec.color`. */
  readonly selectableFields: readonly string[];
  /** What every answer in this version warns about. */
  readonly deprecation: string | undefined;
}

/** The names under which a kind is served. */
export interface Names {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** The webhook that converts between versions. */
export interface ConversionWebhook {
  /** A WebhookClientConfig. */
  readonly client: JsonObject;
  readonly reviewVersions: readonly string[];
}

/** A CustomResourceDefinition, as far as serving its objects needs it. */
export interface Definition {
  readonly name: string;
  readonly group: string;
  readonly namespaced: boolean;
  readonly names: Names;
  readonly storageVersion: string;
  /** Versions in which objects may be stored: status.storedVersions. */
  readonly storedVersions: readonly string[];
  /** Objects that were written up to this revision may have been written under another definition of this name. */
  readonly revision: number;
  readonly versions: readonly DefinedVersion[];
  /** Set where a webhook converts; otherwise versions differ in their name alone. */
  readonly conversion?: ConversionWebhook;
  /** Its names were accepted and it may be served. */
  readonly established: boolean;
  /** It is being deleted: no objects are created any more. */
  readonly terminating: boolean;
  /** A hash, equal for definitions that serve the same. */
  readonly fingerprint: string;
}

/** spec.names (or status.acceptedNames) with what defaults fill in. */
export function namesOf(names: JsonObject | undefined): Names {
  const kind = str(names, 'kind');
  return {
    plural: str(names, 'plural'),
    singular: str(names, 'singular') || kind.toLowerCase(),
    kind,
    listKind: str(names, 'listKind') || `${kind}List`,
    shortNames: strings(names, 'shortNames'),
    categories: strings(names, 'categories'),
  };
}

/** Whether a condition of the definition is true. */
export function conditionIs(definition: JsonObject, type: string): boolean {
  return children(child(definition, 'status'), 'conditions').some(
    (c) => str(c, 'type') === type && str(c, 'status') === 'True',
  );
}

function scaleOf(version: JsonObject): ScalePaths | undefined {
  const scale = child(child(version, 'subresources'), 'scale');
  if (scale === undefined) return undefined;
  return {
    spec: simplePath(str(scale, 'specReplicasPath')) ?? ['spec', 'replicas'],
    status: simplePath(str(scale, 'statusReplicasPath')) ?? ['status', 'replicas'],
    selector: simplePath(str(scale, 'labelSelectorPath')),
  };
}

/** The warning about a version that has none of its own: it names the best newer version that is not deprecated. */
function deprecationOf(name: string, group: string, kind: string, all: readonly JsonObject[]): string {
  const [better] = all
    .filter((v) => v['served'] === true && v['deprecated'] !== true)
    .map((v) => str(v, 'name'))
    .filter((other) => compareVersions(other, name) < 0)
    .sort(compareVersions);
  const instead = better === undefined ? '' : `; use ${group}/${better} ${kind}`;
  return `${group}/${name} ${kind} is deprecated${instead}`;
}

function versionOf(version: JsonObject, group: string, kind: string, all: readonly JsonObject[]): DefinedVersion {
  const name = str(version, 'name');
  return {
    name,
    served: version['served'] === true,
    schema: child(child(version, 'schema'), 'openAPIV3Schema') ?? {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    },
    status: child(child(version, 'subresources'), 'status') !== undefined,
    scale: scaleOf(version),
    columns: children(version, 'additionalPrinterColumns'),
    selectableFields: children(version, 'selectableFields').map((f) => str(f, 'jsonPath')),
    deprecation:
      version['deprecated'] === true
        ? str(version, 'deprecationWarning') || deprecationOf(name, group, kind, all)
        : undefined,
  };
}

/** Short: it is compared and hashed again with each change of any definition, and schemas have megabytes. */
const hashOf = (parts: unknown): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** Reads a CustomResourceDefinition that was stored at `revision`. */
export function definitionOf(object: JsonObject, revision: number): Definition {
  const spec = child(object, 'spec');
  const group = str(spec, 'group');
  const accepted = child(child(object, 'status'), 'acceptedNames');
  const names = namesOf(accepted !== undefined && str(accepted, 'kind') !== '' ? accepted : child(spec, 'names'));
  const versions = children(spec, 'versions');
  const storage = versions.find((v) => v['storage'] === true);
  const conversion = child(spec, 'conversion');
  const webhook = str(conversion, 'strategy') === 'Webhook' ? child(conversion, 'webhook') : undefined;
  const established = conditionIs(object, 'Established');
  const storedVersions = strings(child(object, 'status'), 'storedVersions');
  const terminating = str(child(object, 'metadata'), 'deletionTimestamp') !== '';
  return {
    name: str(child(object, 'metadata'), 'name'),
    group,
    namespaced: str(spec, 'scope') === 'Namespaced',
    names,
    storageVersion: str(storage, 'name'),
    storedVersions,
    revision,
    versions: versions.map((v) => versionOf(v, group, names.kind, versions)),
    ...(webhook === undefined
      ? {}
      : {
          conversion: {
            client: child(webhook, 'clientConfig') ?? {},
            reviewVersions: strings(webhook, 'conversionReviewVersions'),
          },
        }),
    established,
    terminating,
    fingerprint: hashOf([
      str(child(object, 'metadata'), 'uid'),
      child(object, 'spec'),
      names,
      storedVersions,
      established,
      terminating,
    ]),
  };
}
