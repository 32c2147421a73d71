import { child, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { logger } from '../machinery/log.js';
import { ALL_AUTHENTICATED } from './authenticator.js';
import type { RuleResolver } from './rules.js';
import { ALLOWED, type Attributes, type Authorizer, type Decision, type UserInfo } from './types.js';

const log = logger('abac.ts');
const V1BETA1 = 'abac.authorization.kubernetes.io/v1beta1';
const READ_VERBS = ['get', 'list', 'watch'];
const NO_MATCH: Decision = { decision: 'noOpinion', reason: 'No policy matched.' };

/** abac.authorization.kubernetes.io PolicySpec. `*` matches everything, '' nothing. */
interface PolicySpec {
  readonly user: string;
  readonly group: string;
  readonly readonly: boolean;
  readonly apiGroup: string;
  readonly resource: string;
  readonly namespace: string;
  readonly nonResourcePath: string;
}

/** What the policies of a file allow. */
export type AbacAuthorizer = Authorizer & RuleResolver;

/**
 * The policies of `--authorization-policy-file`: one JSON object a line (apiserver's ABAC). Lines of the time before
 * versions are read as they were meant then. Throws FatalError, which names the line, for what is no policy.
 */
export function abacAuthorizer(text: string, file: string): AbacAuthorizer {
  const policies = text.split('\n').flatMap((line, i) => {
    const trimmed = line.trim();
    return trimmed === '' || trimmed.startsWith('#') ? [] : [policyOf(trimmed, `line ${i + 1} of ${file}`)];
  });
  return {
    authorize: (a) => (policies.some((policy) => allows(policy, a)) ? ALLOWED : NO_MATCH),
    rulesFor(user, namespace) {
      const mine = policies.filter((p) => isAbout(p, user) && (p.namespace === '*' || p.namespace === namespace));
      return {
        rules: mine.flatMap((p) => {
          const verbs = p.readonly ? READ_VERBS : ['*'];
          const none = { verbs, apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
          return [
            ...(p.resource === '' ? [] : [{ ...none, apiGroups: [p.apiGroup], resources: [p.resource] }]),
            ...(p.nonResourcePath === '' ? [] : [{ ...none, nonResourceURLs: [p.nonResourcePath] }]),
          ];
        }),
        errors: [],
      };
    },
  };
}

function policyOf(line: string, where: string): PolicySpec {
  const object = parsed(line, where);
  if (object['apiVersion'] === undefined && object['kind'] === undefined) {
    log.warn(`${where} has no version, and is read as policies were before they had one: write ${V1BETA1}`);
    return oldPolicy(object, where);
  }
  if (str(object, 'apiVersion') !== V1BETA1 || str(object, 'kind') !== 'Policy') {
    throw new FatalError(`${where} is no policy: write apiVersion ${V1BETA1} and kind Policy`);
  }
  const spec = child(object, 'spec') ?? {};
  checkTypes(spec, where);
  return {
    ...subjectOf(str(spec, 'user'), str(spec, 'group')),
    readonly: spec['readonly'] === true,
    apiGroup: str(spec, 'apiGroup'),
    resource: str(spec, 'resource'),
    namespace: str(spec, 'namespace'),
    nonResourcePath: str(spec, 'nonResourcePath'),
  };
}

/** A star in either place stands for all who are authenticated, whatever the other says. */
function subjectOf(user: string, group: string): { user: string; group: string } {
  return user === '*' || group === '*' ? { user: '', group: ALL_AUTHENTICATED } : { user, group };
}

/** Without a version what is left out means everything: everybody that is authenticated, every resource, every path. */
function oldPolicy(object: JsonObject, where: string): PolicySpec {
  checkTypes(object, where);
  const [user, group] = [str(object, 'user'), str(object, 'group')];
  const isAnybody = user === '' && group === '';
  const [resource, namespace] = [str(object, 'resource'), str(object, 'namespace')];
  return {
    ...subjectOf(user, isAnybody ? '*' : group),
    readonly: object['readonly'] === true,
    apiGroup: '*',
    resource: resource === '' ? '*' : resource,
    namespace: namespace === '' ? '*' : namespace,
    nonResourcePath: resource === '' && namespace === '' ? '*' : '',
  };
}

function parsed(line: string, where: string): JsonObject {
  try {
    const value = JSON.parse(line) as JsonValue;
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new FatalError(`${where} is no JSON object: correct or remove it`);
}

/** What is written as another type would be taken for left out, which in an old policy means everything. */
function checkTypes(spec: JsonObject, where: string): void {
  for (const [name, value] of Object.entries(spec)) {
    const type = name === 'readonly' ? 'boolean' : 'string';
    if (typeof value !== type) throw new FatalError(`${where}: ${name} must be a ${type}: correct it`);
  }
}

function allows(policy: PolicySpec, a: Attributes): boolean {
  if (!isAbout(policy, a.user)) return false;
  if (policy.readonly && !READ_VERBS.includes(a.verb)) return false;
  if (!a.isResourceRequest) return pathMatches(policy.nonResourcePath, a.path);
  const fits = (wanted: string, given: string): boolean => wanted === '*' || wanted === given;
  return fits(policy.namespace, a.namespace) && fits(policy.resource, a.resource) && fits(policy.apiGroup, a.group);
}

/** A policy that names a user and a group is about that user only while in that group. */
function isAbout({ user, group }: PolicySpec, { username, groups }: UserInfo): boolean {
  if (user === '' && group === '') return false;
  return (user === '' || user === username) && (group === '' || groups.includes(group));
}

function pathMatches(wanted: string, path: string): boolean {
  if (wanted === '*') return true;
  if (wanted === '') return false;
  return wanted.endsWith('*') ? path.startsWith(wanted.replace(/\*+$/, '')) : wanted === path;
}
