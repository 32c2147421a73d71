import { createHash } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.js';
import { rowsOf, tableOrigins } from '../names.js';
import { resources } from '../resources.js';
import type { ResourceDef } from '../types.js';
import { gzipPieces } from './chunks.js';
import { type CustomKind, customDefinitions, type Definitions } from './custom.js';
import { swaggerProtobuf } from './gnostic.js';
import { documentProtobuf } from './gnostic-v3.js';
import {
  coreVersionsPath,
  customResourcePaths,
  groupListPath,
  groupPath,
  JWKS_PATH,
  type PathItem,
  VERSION_PATH,
  WELL_KNOWN_PATH,
} from './operations.js';
import type { RemoteSpec } from './remote-v2.js';
import type { Flavor } from './schemas.js';
import { swagger, swaggerJson } from './v2.js';
import { customDocument, documentJson, type DocumentParts, groupVersionDocument, plainDocument } from './v3.js';

export { type CustomKind, customTypeName } from './custom.js';
export { ungzip } from './chunks.js';
export { type RemoteSpec, remoteSpec } from './remote-v2.js';

/** A group and version of custom resources as OpenAPI shows it. */
export interface CustomGroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ResourceDef[];
  /** The kinds of those resources, with their schemas. */
  readonly kinds: readonly CustomKind[];
  /** Changes whenever the resources or the kinds do. */
  readonly fingerprint: string;
}

/** One document: its hash is in the index and is its ETag. */
export interface OpenApiDocument {
  readonly hash: string;
  /** The document, gzipped; made at the first call and kept. */
  readonly content: () => Promise<Buffer>;
}

const sha512 = (text: string): string => createHash('sha512').update(text).digest('hex').toUpperCase();

const definitions = (custom: readonly CustomGroupVersion[], flavor: Flavor): Definitions =>
  new Map(custom.flatMap((c) => c.kinds.flatMap((k) => [...customDefinitions(k, flavor)])));

let tables = '';
/** Says when the built-in tables changed: part of every hash, so that no document need be written to know its hash. */
function tablesFingerprint(): string {
  if (tables !== '') return tables;
  const hash = createHash('sha512');
  for (const { table } of tableOrigins) hash.update(JSON.stringify(rowsOf(table)));
  hash.update(JSON.stringify(resources));
  tables = hash.digest('hex');
  return tables;
}

/**
 * The OpenAPI documents of this server. Nothing is written before it is asked for, and only compressed bytes are kept:
 * some 40 KB per group and version, some 300 KB for each form of the v2 document.
 */
export class OpenApi {
  readonly #release: string;
  #custom: readonly CustomGroupVersion[] = [];
  #customHash = '';
  #remote: readonly RemoteSpec[] = [];
  #remoteHash = '';
  #byVersion = new Map<string, CustomGroupVersion>();
  #index: JsonObject | undefined;
  #known = new Map<string, OpenApiDocument>();

  /** `release` names this build: a new one may write documents differently, so it is part of every hash. */
  constructor(release: string) {
    this.#release = release;
  }

  /** Replaces the custom resources that are shown. Unchanged documents keep their hash and bytes. */
  setCustom(custom: readonly CustomGroupVersion[]): void {
    this.#custom = custom;
    this.#byVersion = new Map(custom.map((c) => [`${c.group}/${c.version}`, c]));
    this.#index = undefined;
    this.#customHash = sha512(custom.map((c) => `${c.group}/${c.version} ${c.fingerprint}`).join('\n'));
    const paths = new Set(this.v3Paths());
    for (const key of this.#known.keys())
      if (!key.startsWith('v2 ') && !paths.has(key.split(' ')[0] ?? '')) this.#known.delete(key);
  }

  /** Replaces what other servers add to the v2 document. */
  setRemote(specs: readonly RemoteSpec[]): void {
    this.#remote = specs;
    this.#remoteHash = specs.map(({ fingerprint }) => fingerprint).join('\n');
  }

  /** `hashed`: what of the key is part of the hash. */
  #document(key: string, hashed: string, fingerprint: string, write: () => Iterable<string | Buffer>): OpenApiDocument {
    const hash = sha512([this.#release, tablesFingerprint(), hashed, fingerprint].join('\n'));
    const known = this.#known.get(key);
    if (known?.hash === hash) return known;
    let content: Promise<Buffer> | undefined;
    const document: OpenApiDocument = {
      hash,
      content: () => {
        content ??= gzipPieces(write()).catch((error: unknown) => {
          content = undefined;
          throw error;
        });
        return content;
      },
    };
    this.#known.set(key, document);
    return document;
  }

  /** Paths of the v3 index in its order, such as `apis/apps/v1`. */
  v3Paths(): string[] {
    const paths = ['.well-known/openid-configuration', 'api', 'apis', 'openid/v1/jwks', 'version'];
    for (const group of new Set(resources.map((r) => r.group))) if (group !== '') paths.push(`apis/${group}`);
    for (const { group, version } of resources)
      paths.push(group === '' ? `api/${version}` : `apis/${group}/${version}`);
    for (const { group, version } of this.#custom) paths.push(`apis/${group}/${version}`);
    return [...new Set(paths)].toSorted();
  }

  /** The index of the v3 documents; the same one until what is shown changes. */
  v3Index(): JsonObject {
    if (this.#index !== undefined) return this.#index;
    const paths: JsonObject = {};
    for (const path of this.v3Paths()) {
      const document = this.v3(path);
      if (document !== undefined) paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${document.hash}` };
    }
    this.#index = { paths };
    return this.#index;
  }

  /** The v3 document of one path of the index, or undefined. */
  v3(path: string): OpenApiDocument | undefined {
    return this.#v3(path, path, documentJson);
  }

  /** The same document as gnostic's protobuf. It has the hash of the JSON form: that is what the index tells. */
  v3Protobuf(path: string): OpenApiDocument | undefined {
    return this.#v3(path, `${path} protobuf`, documentProtobuf);
  }

  #v3(path: string, key: string, write: V3Writer): OpenApiDocument | undefined {
    const document = (fingerprint: string, parts: () => DocumentParts): OpenApiDocument =>
      this.#document(key, path, fingerprint, () => write(parts()));
    const [root, group, version, ...rest] = path.split('/');
    switch (path) {
      case '.well-known/openid-configuration':
        return document('', () => plainDocument([WELL_KNOWN_PATH]));
      case 'openid/v1/jwks':
        return document('', () => plainDocument([JWKS_PATH]));
      case 'version':
        return document('', () => plainDocument([VERSION_PATH]));
      case 'api':
        return document('', () => plainDocument([coreVersionsPath()]));
      case 'apis':
        return document('', () => plainDocument([groupListPath()]));
      default:
    }
    if (root === 'api' && version === undefined) return this.#groupVersion('', group ?? '', document);
    if (root !== 'apis' || group === undefined || rest.length > 0) return undefined;
    if (version !== undefined) return this.#groupVersion(group, version, document);
    if (!builtInGroups.has(group)) return undefined;
    return document('', () => plainDocument([groupPath(group)]));
  }

  #groupVersion(
    group: string,
    version: string,
    document: (fingerprint: string, parts: () => DocumentParts) => OpenApiDocument,
  ): OpenApiDocument | undefined {
    const builtIn = builtInByVersion.get(`${group}/${version}`);
    if (builtIn !== undefined) return document('', () => groupVersionDocument(group, version, builtIn));
    const custom = this.#byVersion.get(`${group}/${version}`);
    if (custom === undefined) return undefined;
    return document(custom.fingerprint, () => customDocument(custom.resources, definitions([custom], 'v3')));
  }

  /** The v2 document of everything, as JSON or as gnostic's protobuf. */
  v2(form: 'json' | 'protobuf'): OpenApiDocument {
    const key = `v2 ${form}`;
    const fingerprint = this.#remoteHash === '' ? this.#customHash : `${this.#customHash}\n${this.#remoteHash}`;
    return this.#document(key, key, fingerprint, () => {
      const parts = swagger({
        items: pathsOf(this.#custom),
        definitions: definitions(this.#custom, 'v2'),
        remote: this.#remote,
      });
      return form === 'json' ? swaggerJson(parts) : swaggerProtobuf(parts);
    });
  }
}

type V3Writer = (parts: DocumentParts) => Iterable<string | Buffer>;

const builtInGroups = new Set(resources.map((r) => r.group));
const builtInByVersion = new Map<string, ResourceDef[]>();
for (const resource of resources) {
  const key = `${resource.group}/${resource.version}`;
  const known = builtInByVersion.get(key);
  if (known === undefined) builtInByVersion.set(key, [resource]);
  else known.push(resource);
}

function* pathsOf(custom: readonly CustomGroupVersion[]): Iterable<readonly PathItem[]> {
  for (const c of custom) for (const r of c.resources) yield customResourcePaths(r);
}
