import type { UserInfo } from '../auth/types.js';
import { child, children, str, strings } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import type { RequestInfo } from '../rest/types.js';

/** Whether a flow schema is about this request of this user. */
export type Matcher = (info: RequestInfo, user: UserInfo) => boolean;

type Test<T> = (value: T) => boolean;

const ALL = '*';
const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** True where one of the rules has both a subject that is the user and a rule about the request (k8s.io/api/flowcontrol/v1 PolicyRulesWithSubjects). */
export function matcherOf(rules: readonly JsonObject[]): Matcher {
  const all = rules.map((rule) => ({
    subjects: children(rule, 'subjects').map(subjectTest),
    resources: children(rule, 'resourceRules').map(resourceTest),
    paths: children(rule, 'nonResourceRules').map(nonResourceTest),
  }));
  return (info, user) =>
    all.some(
      ({ subjects, resources, paths }) =>
        (info.isResourceRequest ? resources : paths).some((about) => about(info)) &&
        subjects.some((isSubject) => isSubject(user)),
    );
}

function subjectTest(subject: JsonObject): Test<UserInfo> {
  switch (str(subject, 'kind')) {
    case 'User': {
      const name = str(child(subject, 'user'), 'name');
      return name === ALL ? () => true : (user) => user.username === name;
    }
    case 'Group': {
      const name = str(child(subject, 'group'), 'name');
      return name === ALL ? () => true : (user) => user.groups.includes(name);
    }
    case 'ServiceAccount': {
      const account = child(subject, 'serviceAccount');
      const name = str(account, 'name');
      const prefix = `${SERVICE_ACCOUNT}${str(account, 'namespace')}:`;
      if (name === ALL) return (user) => user.username.startsWith(prefix);
      return (user) => user.username === prefix + name;
    }
    default:
      return () => false;
  }
}

/** One of the values, or all where `*` is among them. */
function oneOf(values: readonly string[]): Test<string> {
  if (values.includes(ALL)) return () => true;
  return (value) => values.includes(value);
}

function resourceTest(rule: JsonObject): Test<RequestInfo> {
  const verbs = oneOf(strings(rule, 'verbs'));
  const groups = oneOf(strings(rule, 'apiGroups'));
  const resources = oneOf(strings(rule, 'resources'));
  const namespaces = oneOf(strings(rule, 'namespaces'));
  const clusterScope = rule['clusterScope'] === true;
  return ({ verb, group, resource, subresource, namespace }) =>
    verbs(verb) &&
    groups(group) &&
    resources(subresource === '' ? resource : `${resource}/${subresource}`) &&
    (namespace === '' ? clusterScope : namespaces(namespace));
}

function nonResourceTest(rule: JsonObject): Test<RequestInfo> {
  const verbs = oneOf(strings(rule, 'verbs'));
  const urls = strings(rule, 'nonResourceURLs').map(pathTest);
  return ({ verb, path }) => verbs(verb) && urls.some((matches) => matches(path));
}

function pathTest(url: string): Test<string> {
  if (url === ALL) return () => true;
  if (!url.endsWith(ALL)) return (path) => path === url;
  const prefix = url.slice(0, -1);
  return (path) => path.startsWith(prefix);
}
