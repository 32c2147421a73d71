import { append } from '../../machinery/append.js';
import { randomUUID } from 'node:crypto';
import { signToken, type TokenKey } from '../../auth/jwt.js';
import { child, num, str, strings } from '../../machinery/access.js';
import { type FieldError, invalid, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest, conflict, notFound, quote, type StatusError } from '../../machinery/status.js';
import type { Creator } from '../../rest/deps.js';
import { respondObject } from '../../rest/respond.js';
import { admitOnly } from '../../rest/write/admission.js';
import { writeOptions } from '../../rest/write/options.js';
import { metaOf, startWriting, timeStamp } from '../../rest/write/target.js';
import { managerOf } from '../../rest/write/track.js';
import { trackUpdate } from '../../schema/apply/index.js';
import { decodeBody } from '../../schema/codec/index.js';
import { parseGroupVersion } from '../../schema/index.js';
import type { ResourceDef } from '../../schema/types.js';
import { objectKey } from '../../store/keys.js';
import type { Backend } from '../../store/types.js';

const KIND = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } as const;
const API_VERSION = `${KIND.group}/${KIND.version}`;
const TYPE = 'io.k8s.api.authentication.v1.TokenRequest';
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/** What kubelets ask for; a pod's token is then good for a year, and clients that do not reload it are told. */
const WARN_ONLY_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

export interface TokenIssuer {
  readonly issuer: string;
  /** Audiences of this server: what a request that names none gets. */
  readonly audiences: readonly string[];
  /** Holds the private key. */
  readonly key: TokenKey;
  /** Longest life of a token in seconds; 0 for no bound (`--service-account-max-token-expiration`). */
  readonly maxSeconds: number;
  /** `--service-account-extend-token-expiration`. */
  readonly extend: boolean;
}

/** POST of `serviceaccounts/{name}/token`: signs a token bound to the account and, when asked, to one more object. */
export function tokenRequest(issuer: TokenIssuer): Creator {
  return async (deps, request, def) => {
    const options = writeOptions(request, 'CreateOptions');
    const contentType = request.header('content-type');
    const { object, warnings } = decodeBody(request.body, contentType, TYPE, KIND, options.fieldValidation);
    const ctx = startWriting(deps, request, def, options.dryRun);
    append(ctx.warnings, warnings);
    request.audit?.requestObject(object);
    const manager = managerOf(request, options.fieldManager);
    delete object['status'];
    trackUpdate({
      typeName: TYPE,
      apiVersion: API_VERSION,
      old: undefined,
      obj: object,
      manager,
      subresource: ctx.subresource,
      now: ctx.now,
    });
    const { namespace, name } = ctx;
    await deps.backend.readBarrier();
    let account: JsonObject = {};
    let spec: JsonObject = {};
    await admitOnly(deps, def, ctx, { operation: 'CREATE', object, type: TYPE }, () => {
      checkPlace(object, namespace, name);
      account = lookup(deps.backend, 'serviceaccounts', namespace, name);
      checkAccount(object, account, name);
      spec = specOf(object, issuer.audiences);
    });
    const bound = boundTo(deps.backend, child(spec, 'boundObjectRef'), namespace, name);
    const { answered, signed } = lifetime(issuer, spec, bound['pod'] !== undefined, ctx.warnings);
    spec['expirationSeconds'] = answered;
    const now = Math.floor(deps.now() / 1000);
    const jti = randomUUID();
    request.annotate?.('authentication.kubernetes.io/issued-credential-id', `JTI=${jti}`);
    const claims: JsonObject = {
      aud: strings(spec, 'audiences'),
      exp: now + signed,
      iat: now,
      iss: issuer.issuer,
      jti,
      'kubernetes.io': {
        namespace,
        ...bound,
        serviceaccount: { name, uid: str(child(account, 'metadata'), 'uid') },
        ...(signed > answered ? { warnafter: now + answered } : {}),
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${name}`,
    };
    const answer: JsonObject = {
      kind: KIND.kind,
      apiVersion: API_VERSION,
      metadata: {
        ...metaOf(object),
        name,
        namespace,
        uid: str(child(account, 'metadata'), 'uid'),
        creationTimestamp: ctx.now,
      },
      spec,
      status: {
        token: signToken(claims, issuer.key),
        expirationTimestamp: timeStamp((now + answered) * 1000),
      },
    };
    return respondObject(deps, request, tokenDef(def), answer, 201, ctx.warnings);
  };
}

/**
 * Seconds that the answer tells, and seconds that the token is really good for: pods that do not read their token anew
 * get along for a year, while the server can tell that they should.
 */
function lifetime(
  issuer: TokenIssuer,
  spec: JsonObject,
  isPods: boolean,
  warnings: string[],
): { answered: number; signed: number } {
  const asked = num(spec, 'expirationSeconds') ?? DEFAULT_SECONDS;
  const { maxSeconds } = issuer;
  const answered = maxSeconds > 0 ? Math.min(asked, maxSeconds) : asked;
  if (answered < asked) {
    warnings.push(`requested expiration of ${asked} seconds shortened to ${answered} seconds`);
  }
  const own = strings(spec, 'audiences').every((a) => issuer.audiences.includes(a));
  const extended = issuer.extend && isPods && answered === WARN_ONLY_SECONDS && own;
  return { answered, signed: extended ? EXTENDED_SECONDS : answered };
}

/** The answer is of another kind than the resource that it was asked of. */
function tokenDef(def: ResourceDef): ResourceDef {
  const { group, version, kind } = KIND;
  return { ...def, group, version, kind, type: TYPE, storage: { group, version, resource: def.resource } };
}

/** Throws 422 when the body is about another account than the path. */
function checkPlace(object: JsonObject, namespace: string, name: string): void {
  const metadata = child(object, 'metadata');
  const [ownName, ownNamespace] = [str(metadata, 'name'), str(metadata, 'namespace')];
  const refuse = (field: string, value: string): StatusError =>
    invalid(KIND, name, [
      invalidValue(`metadata.${field}`, value, `must match the service account ${field} if specified`),
    ]);
  if (ownName !== '' && ownName !== name) throw refuse('name', ownName);
  if (ownNamespace !== '' && ownNamespace !== namespace) throw refuse('namespace', ownNamespace);
}

/** Throws 409 when the body means an account of the same name that was before this one. */
function checkAccount(object: JsonObject, account: JsonObject, name: string): void {
  const [asked, uid] = [object, account].map((o) => str(child(o, 'metadata'), 'uid'));
  if (asked === '' || asked === uid) return;
  const why = `the UID in the token request (${asked}) does not match the UID of the service account (${uid})`;
  throw conflict({ group: KIND.group, resource: KIND.kind }, name, why);
}

function specOf(object: JsonObject, audiences: readonly string[]): JsonObject {
  const given = child(object, 'spec') ?? {};
  const errors: FieldError[] = [];
  const seconds = num(given, 'expirationSeconds') ?? DEFAULT_SECONDS;
  if (seconds < MIN_SECONDS) {
    const detail = 'may not specify a duration less than 10 minutes';
    errors.push(invalidValue('spec.expirationSeconds', seconds, detail));
  }
  if (seconds > MAX_SECONDS) {
    const detail = 'may not specify a duration larger than 2^32 seconds';
    errors.push(invalidValue('spec.expirationSeconds', seconds, detail));
  }
  if (errors.length > 0) throw invalid(KIND, '', errors);
  const asked = strings(given, 'audiences');
  return {
    audiences: asked.length === 0 ? [...audiences] : asked,
    expirationSeconds: seconds,
    boundObjectRef: child(given, 'boundObjectRef') ?? null,
  };
}

/** The claims of the object that the token is bound to. Throws when it is not there or not the one that was meant. */
function boundTo(backend: Backend, ref: JsonObject | undefined, namespace: string, account: string): JsonObject {
  if (ref === undefined) return {};
  const name = str(ref, 'name');
  const kind = str(ref, 'kind');
  const { group, version } = parseGroupVersion(str(ref, 'apiVersion'));
  const resources: Readonly<Record<string, string>> = { Pod: 'pods', Node: 'nodes', Secret: 'secrets' };
  const resource = Object.hasOwn(resources, kind) ? resources[kind] : undefined;
  if (resource === undefined || group !== '') {
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  const object = lookup(backend, resource, resource === 'nodes' ? '' : namespace, name);
  const uid = str(child(object, 'metadata'), 'uid');
  const wanted = str(ref, 'uid');
  const spec = child(object, 'spec');
  if (kind === 'Pod' && str(spec, 'serviceAccountName') !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${quote(account)} to pod running with different serviceaccount name.`,
    );
  }
  if (wanted !== '' && wanted !== uid) {
    const why = `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource: kind }, name, why);
  }
  const claims: JsonObject = { [kind.toLowerCase()]: { name, uid } };
  const node = kind === 'Pod' ? str(spec, 'nodeName') : '';
  if (node !== '') {
    const stored = backend.get(objectKey('', 'nodes', '', node));
    const nodeUid = stored === undefined ? '' : str(child(parse(stored.value), 'metadata'), 'uid');
    claims['node'] = { name: node, ...(nodeUid === '' ? {} : { uid: nodeUid }) };
  }
  return claims;
}

function lookup(backend: Backend, resource: string, namespace: string, name: string): JsonObject {
  const stored = backend.get(objectKey('', resource, namespace, name));
  if (stored === undefined) throw notFound({ group: '', resource }, name);
  return parse(stored.value);
}

const parse = (value: Buffer): JsonObject => JSON.parse(value.toString()) as JsonObject;
