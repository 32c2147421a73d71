import type { GroupVersionKind, ResourceDef, SubresourceDef } from '../types.js';
import {
  byNameAndPlace,
  NAMESPACE,
  nameParameter,
  type Parameter,
  PRETTY,
  PROXY_PATH,
  queryParameters,
} from './parameters.js';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

/** What a request body is: a definition name, and whether one must be sent. */
export interface Body {
  readonly type: string;
  readonly required: boolean;
  /** The body is a patch: its media types are those of the patch formats. */
  readonly patch?: true;
}

/** What an operation answers in: `object`, `watchable` (a list that may be watched), `log`, `any` (connect). */
export type Produces = 'object' | 'watchable' | 'log' | 'any' | 'json' | 'jwks';

/** One operation of the API, from which both OpenAPI versions are written. */
export interface Operation {
  readonly method: Method;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  readonly action?: string;
  readonly gvk?: GroupVersionKind;
  /** In the documents' order. */
  readonly parameters: readonly Parameter[];
  readonly body?: Body;
  /** Status code to definition name; '' is a plain string. */
  readonly responses: Readonly<Record<string, string>>;
  readonly produces: Produces;
  /** Of a custom resource: without protobuf and strategic merge patches. */
  readonly custom?: true;
  /** What discovery paths say that they read, though they read nothing. */
  readonly consumes?: 'object' | 'json' | 'none';
}

export interface PathItem {
  readonly path: string;
  readonly operations: readonly Operation[];
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
export const STATUS = `${META}.Status`;
export const DELETE_OPTIONS = `${META}.DeleteOptions`;
export const PATCH = `${META}.Patch`;
export const WATCH_EVENT = `${META}.WatchEvent`;

const capital = (s: string): string => s.charAt(0).toUpperCase() + s.slice(1);

/** `rbac.authorization.k8s.io` becomes `rbacAuthorization`, '' becomes `core`: what tags and operation ids are made of. */
export function groupTag(group: string): string {
  if (group === '') return 'core';
  const parts = group.replace(/\.k8s\.io$/, '').split(/[.-]/);
  return parts[0] + parts.slice(1).map(capital).join('');
}

/** Paths of one resource. Custom resources differ in details that kube-apiserver's own builder for them has. */
class ResourcePaths {
  readonly #root: string;
  readonly #tag: string;
  readonly #stem: string;
  readonly #namespaced: string;
  readonly #resource: ResourceDef;
  readonly #custom: boolean;
  readonly #kind: GroupVersionKind;
  readonly items: PathItem[] = [];

  constructor(resource: ResourceDef, custom: boolean) {
    const { group, version, kind } = resource;
    this.#resource = resource;
    this.#custom = custom;
    this.#kind = { group, version, kind };
    this.#root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    this.#tag = `${groupTag(group)}_${version}`;
    this.#stem = capital(groupTag(group)) + capital(version);
    this.#namespaced = resource.namespaced ? 'Namespaced' : '';
    this.#collection();
    this.#object();
    for (const sub of resource.subresources) this.#subresource(sub);
    if (!custom && resource.verbs.includes('watch')) this.#watch();
  }

  #add(path: string, operations: readonly Operation[]): void {
    if (operations.length === 0) return;
    const placed = operations.map((o) => {
      const fromPath: Parameter[] = [];
      if (path.includes('{namespace}')) fromPath.push(NAMESPACE);
      if (path.includes('{name}')) fromPath.push(nameParameter(o.gvk?.kind ?? this.#resource.kind));
      if (path.includes('{path}')) fromPath.push(PROXY_PATH);
      return { ...o, parameters: [...o.parameters, ...fromPath].toSorted(byNameAndPlace) };
    });
    this.items.push({ path: this.#root + path, operations: placed });
  }

  #operation(
    method: Method,
    id: string,
    action: string,
    kind: GroupVersionKind,
    rest: Pick<Operation, 'description' | 'responses'> & Partial<Operation>,
  ): Operation {
    return {
      method,
      id,
      action,
      gvk: this.#custom ? this.#kind : kind,
      tag: this.#tag,
      parameters: [PRETTY],
      produces: 'object',
      ...(this.#custom ? { custom: true } : {}),
      ...rest,
    };
  }

  get #listType(): string {
    return `${this.#resource.type}List`;
  }

  #list(id: string): Operation {
    const watchable = this.#resource.verbs.includes('watch') && !this.#custom;
    return this.#operation('get', id, 'list', this.#kind, {
      description: `${watchable ? 'list or watch' : 'list'} objects of kind ${this.#resource.kind}`,
      parameters: [...queryParameters('meta.v1.ListOptions'), PRETTY],
      responses: { 200: this.#listType },
      produces: this.#custom ? 'object' : 'watchable',
    });
  }

  #create(id: string, kind: GroupVersionKind, type: string, what: string): Operation {
    return this.#operation('post', id, 'post', kind, {
      description: `create ${what}`,
      parameters: [...queryParameters('meta.v1.CreateOptions'), PRETTY],
      body: { type, required: true },
      responses: { 200: type, 201: type, 202: type },
    });
  }

  #read(id: string, kind: GroupVersionKind, type: string, what: string): Operation {
    return this.#operation('get', id, 'get', kind, {
      description: `read ${what}`,
      parameters: [...(this.#custom ? queryParameters('meta.v1.GetOptions') : []), PRETTY],
      responses: { 200: type },
    });
  }

  #replace(id: string, kind: GroupVersionKind, type: string, what: string): Operation {
    return this.#operation('put', id, 'put', kind, {
      description: `replace ${what}`,
      parameters: [...queryParameters('meta.v1.CreateOptions'), PRETTY],
      body: { type, required: true },
      responses: { 200: type, 201: type },
    });
  }

  #patch(id: string, kind: GroupVersionKind, type: string, what: string): Operation {
    return this.#operation('patch', id, 'patch', kind, {
      description: `partially update ${what}`,
      parameters: [...queryParameters('meta.v1.PatchOptions'), PRETTY],
      body: { type: PATCH, required: true, patch: true },
      responses: this.#custom ? { 200: type } : { 200: type, 201: type },
    });
  }

  #deleteCollection(id: string): Operation {
    const list = queryParameters('meta.v1.ListOptions');
    const unlisted = list.filter((p) => p.name !== 'watch' && p.name !== 'allowWatchBookmarks');
    const builtIn = [...unlisted, ...queryParameters('meta.v1.DeleteOptions'), PRETTY];
    return this.#operation('delete', id, 'deletecollection', this.#kind, {
      description: `delete collection of ${this.#resource.kind}`,
      parameters: this.#custom ? [...list, PRETTY] : builtIn,
      ...(this.#custom ? {} : { body: { type: DELETE_OPTIONS, required: false } }),
      responses: { 200: STATUS },
    });
  }

  #delete(id: string): Operation {
    const answer = this.#resource.returnsDeleted === true ? this.#resource.type : STATUS;
    return this.#operation('delete', id, 'delete', this.#kind, {
      description: `delete one ${this.#resource.kind}`,
      parameters: [...queryParameters('meta.v1.DeleteOptions'), PRETTY],
      body: { type: DELETE_OPTIONS, required: false },
      responses: { 200: answer, 202: answer },
    });
  }

  get #collectionPath(): string {
    const { namespaced, resource } = this.#resource;
    return namespaced ? `/namespaces/{namespace}/${resource}` : `/${resource}`;
  }

  #collection(): void {
    const { kind, verbs, type, namespaced, resource } = this.#resource;
    const name = this.#namespaced + kind;
    const stem = this.#stem;
    const here: Operation[] = [];
    if (verbs.includes('list')) {
      here.push(this.#list(`list${stem}${name}`));
      if (namespaced) this.#add(`/${resource}`, [this.#list(`list${stem}${kind}ForAllNamespaces`)]);
    }
    if (verbs.includes('create')) here.push(this.#create(`create${stem}${name}`, this.#kind, type, `one ${kind}`));
    if (verbs.includes('deletecollection')) here.push(this.#deleteCollection(`delete${stem}Collection${name}`));
    this.#add(this.#collectionPath, here);
  }

  #object(): void {
    const { kind, verbs, type } = this.#resource;
    const id = `${this.#stem}${this.#namespaced}${kind}`;
    const what = `the named ${kind}`;
    const here: Operation[] = [];
    if (verbs.includes('get')) here.push(this.#read(`read${id}`, this.#kind, type, what));
    if (verbs.includes('update')) here.push(this.#replace(`replace${id}`, this.#kind, type, what));
    if (verbs.includes('delete')) here.push(this.#delete(`delete${id}`));
    if (verbs.includes('patch')) here.push(this.#patch(`patch${id}`, this.#kind, type, what));
    this.#add(`${this.#collectionPath}/{name}`, here);
  }

  #subresource(sub: SubresourceDef): void {
    const path = `${this.#collectionPath}/{name}/${sub.name}`;
    const id = `${this.#stem}${this.#namespaced}${this.#resource.kind}${capital(sub.name)}`;
    if (sub.kind.kind.endsWith('Options')) {
      this.#connect(path, id, sub);
      return;
    }
    const type = this.#typeOf(sub.kind);
    const what = `${sub.name} of the named ${this.#resource.kind}`;
    const here: Operation[] = [];
    if (sub.name === 'log') here.push(this.#log(`read${id}`, what));
    else if (sub.verbs.includes('get')) here.push(this.#read(`read${id}`, sub.kind, type, what));
    if (sub.verbs.includes('create')) here.push(this.#create(`create${id}`, sub.kind, type, what));
    if (sub.verbs.includes('update')) here.push(this.#replace(`replace${id}`, sub.kind, type, what));
    if (sub.verbs.includes('patch')) here.push(this.#patch(`patch${id}`, sub.kind, type, what));
    this.#add(path, here);
  }

  #typeOf(kind: GroupVersionKind): string {
    const { group, version, type } = this.#resource;
    if (kind.group === group && kind.version === version) return type.slice(0, type.lastIndexOf('.') + 1) + kind.kind;
    // Kinds of other groups that subresources have: Scale, Eviction, TokenRequest.
    return `io.k8s.api.${groupTag(kind.group)}.${kind.version}.${kind.kind}`;
  }

  #log(id: string, what: string): Operation {
    return this.#operation('get', id, 'get', this.#kind, {
      description: `read ${what}`,
      parameters: [...queryParameters('core.v1.PodLogOptions'), PRETTY],
      responses: { 200: '' },
      produces: 'log',
    });
  }

  #connect(path: string, id: string, sub: SubresourceDef): void {
    const methods: Method[] = sub.verbs.includes('update')
      ? ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
      : ['get', 'post'];
    const operations = (suffix: string): Operation[] =>
      methods.map((method) =>
        this.#operation(
          method,
          `connect${id.replace(this.#stem, this.#stem + capital(method))}${suffix}`,
          'connect',
          sub.kind,
          {
            description: `connect ${method.toUpperCase()} to ${sub.name} of the named ${this.#resource.kind}`,
            parameters: queryParameters(`core.v1.${sub.kind.kind}`),
            responses: { 200: '' },
            produces: 'any',
          },
        ),
      );
    this.#add(path, operations(''));
    if (sub.name === 'proxy') this.#add(`${path}/{path}`, operations('WithPath'));
  }

  #watch(): void {
    const { kind, namespaced, resource } = this.#resource;
    const watch = (id: string, action: string, what: string): Operation =>
      this.#operation('get', `watch${this.#stem}${id}`, action, this.#kind, {
        description: `watch ${what}. Deprecated: use the watch parameter of the list operation.`,
        parameters: [...queryParameters('meta.v1.ListOptions'), PRETTY],
        responses: { 200: WATCH_EVENT },
        produces: 'watchable',
      });
    const path = `/watch${this.#collectionPath}`;
    const name = this.#namespaced + kind;
    if (namespaced)
      this.#add(`/watch/${resource}`, [watch(`${kind}ListForAllNamespaces`, 'watchlist', `objects of kind ${kind}`)]);
    this.#add(path, [watch(`${name}List`, 'watchlist', `objects of kind ${kind}`)]);
    this.#add(`${path}/{name}`, [watch(name, 'watch', `one ${kind}`)]);
  }
}

/** Every path of a built-in resource. */
export const resourcePaths = (resource: ResourceDef): readonly PathItem[] => new ResourcePaths(resource, false).items;
/** Every path of a custom resource. */
export const customResourcePaths = (resource: ResourceDef): readonly PathItem[] =>
  new ResourcePaths(resource, true).items;

function plainGet(
  path: string,
  id: string,
  tag: string,
  description: string,
  type: string,
  rest: Partial<Operation> = {},
): PathItem {
  const operation: Operation = {
    method: 'get',
    id,
    tag,
    description,
    parameters: [],
    responses: { 200: type },
    produces: 'object',
    consumes: 'object',
    ...rest,
  };
  return { path, operations: [operation] };
}

/** The paths of /api and /apis themselves. */
export const coreVersionsPath = (): PathItem =>
  plainGet('/api/', 'getCoreAPIVersions', 'core', 'get the versions of the core group', `${META}.APIVersions`);
export const groupListPath = (): PathItem =>
  plainGet('/apis/', 'getAPIVersions', 'apis', 'get the API groups', `${META}.APIGroupList`);
/** The path that describes one group. */
export const groupPath = (group: string): PathItem =>
  plainGet(
    `/apis/${group}/`,
    `get${capital(groupTag(group))}APIGroup`,
    groupTag(group),
    'get the versions of a group',
    `${META}.APIGroup`,
  );
/** The path that lists the resources of one group and version. */
export const resourceListPath = (group: string, version: string): PathItem =>
  plainGet(
    `${group === '' ? '/api' : `/apis/${group}`}/${version}/`,
    `get${capital(groupTag(group))}${capital(version)}APIResources`,
    `${groupTag(group)}_${version}`,
    'get the resources of a group and version',
    `${META}.APIResourceList`,
  );
/** Paths outside of the resource API. */
export const WELL_KNOWN_PATH = plainGet(
  '/.well-known/openid-configuration/',
  'getServiceAccountIssuerOpenIDConfiguration',
  'WellKnown',
  'get the OpenID configuration of the service account issuer',
  '',
  { produces: 'json', consumes: 'none' },
);
export const JWKS_PATH = plainGet(
  '/openid/v1/jwks/',
  'getServiceAccountIssuerOpenIDKeyset',
  'openid',
  'get the public keys that verify service account tokens',
  '',
  { produces: 'jwks', consumes: 'none' },
);
export const VERSION_PATH = plainGet(
  '/version/',
  'getCodeVersion',
  'version',
  'get the version of this server',
  'io.k8s.apimachinery.pkg.version.Info',
  { produces: 'json', consumes: 'json' },
);
