import { child, children, str, strings } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { quote } from '../machinery/status.js';
import { objectKey, resourcePrefix } from '../store/keys.js';
import type { Backend } from '../store/types.js';
import { serviceAccountOf } from './impersonation-modes.js';
import { type InformedObjects, Informer } from '../store/informer.js';
import { type Attributes, type Authorizer, type Decision, NO_OPINION, type UserInfo } from './types.js';

const GROUP = 'rbac.authorization.k8s.io';
const CLUSTER_BINDINGS = resourcePrefix(GROUP, 'clusterrolebindings');
const CLUSTER_ROLES = resourcePrefix(GROUP, 'clusterroles');
const BINDINGS = resourcePrefix(GROUP, 'rolebindings');
const ROLES = resourcePrefix(GROUP, 'roles');

/** rbac/v1 PolicyRule. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}
interface Binding {
  readonly name: string;
  readonly namespace: string;
  readonly roleKind: string;
  readonly roleName: string;
  readonly subjects: readonly Subject[];
}
/** Bindings in which one subject may be named. */
type BySubject = (subject: string) => ReadonlySet<Binding>;

/** What a user may do, by the roles and bindings in the store (apiserver's RBAC authorizer and rule resolver). */
export class RbacAuthorizer implements Authorizer {
  private readonly clusterRoles: InformedObjects<readonly PolicyRule[]>;
  private readonly roles: InformedObjects<readonly PolicyRule[]>;
  private readonly clusterBindings: BySubject;
  private readonly bindings: BySubject;

  constructor(backend: Backend) {
    const informer = Informer.of(backend);
    this.clusterRoles = informer.objects<readonly PolicyRule[]>(CLUSTER_ROLES, rulesOf);
    this.roles = informer.objects<readonly PolicyRule[]>(ROLES, rulesOf);
    this.clusterBindings = informer.objects(CLUSTER_BINDINGS, bindingOf).indexBy(subjectsOf);
    this.bindings = informer.objects(BINDINGS, bindingOf).indexBy(subjectsOf);
  }

  authorize(a: Attributes): Decision {
    let reason: string | undefined;
    const errors = this.visit(a.user, a.namespace, (rule, source) => {
      if (!ruleAllows(a, rule)) return true;
      reason = `RBAC: allowed by ${source}`;
      return false;
    });
    if (reason !== undefined) return { decision: 'allow', reason };
    if (errors.length === 0) return NO_OPINION;
    return { decision: 'noOpinion', reason: `RBAC: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}` };
  }

  /** Every rule that applies to a user in a namespace ('' for cluster scope only), and why some could not be read. */
  rulesFor(user: UserInfo, namespace: string): { rules: readonly PolicyRule[]; errors: readonly string[] } {
    const rules: PolicyRule[] = [];
    const errors = this.visit(user, namespace, (rule) => {
      rules.push(rule);
      return true;
    });
    return { rules, errors };
  }

  /** The rules of a role that a binding refers to, or undefined when there is no such role. */
  rulesOfRole(kind: string, namespace: string, name: string): readonly PolicyRule[] | undefined {
    return kind === 'ClusterRole'
      ? this.clusterRoles.get(objectKey(GROUP, 'clusterroles', '', name))
      : this.roles.get(objectKey(GROUP, 'roles', namespace, name));
  }

  /** Calls `visitor` with each applying rule until it says false; returns what could not be resolved on the way. */
  private visit(user: UserInfo, namespace: string, visitor: (rule: PolicyRule, source: string) => boolean): string[] {
    const errors: string[] = [];
    for (const binding of found(this.clusterBindings, user, '')) {
      if (!this.visitBinding(binding, user, '', errors, visitor)) return errors;
    }
    if (namespace === '') return errors;
    for (const binding of found(this.bindings, user, namespace)) {
      if (!this.visitBinding(binding, user, namespace, errors, visitor)) return errors;
    }
    return errors;
  }

  private visitBinding(
    binding: Binding,
    user: UserInfo,
    namespace: string,
    errors: string[],
    visitor: (rule: PolicyRule, source: string) => boolean,
  ): boolean {
    const subject = binding.subjects.find((s) => appliesTo(s, user, namespace));
    if (subject === undefined) return true;
    const rules = this.rulesOfRole(binding.roleKind, namespace, binding.roleName);
    if (rules === undefined) {
      errors.push(`${binding.roleKind.toLowerCase()}.${GROUP} ${quote(binding.roleName)} not found`);
      return true;
    }
    return rules.every((rule) => visitor(rule, describe(binding, subject)));
  }
}

/** What a binding is found by: its namespace and each subject. */
function subjectsOf({ namespace, subjects }: Binding): string[] {
  return subjects.map(({ kind, name, namespace: home }) =>
    kind === 'ServiceAccount'
      ? `${namespace} ${kind} ${home === '' ? namespace : home}/${name}`
      : `${namespace} ${kind} ${name}`,
  );
}

/** The bindings of a namespace ('' for those of the cluster) that may name the user, by name, each once. */
function found(bindings: BySubject, user: UserInfo, namespace: string): Binding[] {
  const all = new Set(bindings(`${namespace} User ${user.username}`));
  for (const group of user.groups) for (const binding of bindings(`${namespace} Group ${group}`)) all.add(binding);
  const account = serviceAccountOf(user.username);
  if (account !== undefined) {
    const name = `${namespace} ServiceAccount ${account.namespace}/${account.name}`;
    for (const binding of bindings(name)) all.add(binding);
  }
  return [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function appliesTo(subject: Subject, user: UserInfo, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return user.username === subject.name;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount': {
      const account = serviceAccountOf(user.username);
      const home = subject.namespace === '' ? namespace : subject.namespace;
      return account !== undefined && home !== '' && account.namespace === home && account.name === subject.name;
    }
    default:
      return false;
  }
}

/** As kube-apiserver prints a binding in its reasons. */
function describe(binding: Binding, subject: Subject): string {
  const kind = binding.namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
  const name = binding.namespace === '' ? binding.name : `${binding.name}/${binding.namespace}`;
  const home = subject.namespace === '' ? binding.namespace : subject.namespace;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${home}` : subject.name;
  return `${kind} ${quote(name)} of ${binding.roleKind} ${quote(binding.roleName)} to ${subject.kind} ${quote(who)}`;
}

/** Whether one rule allows what is asked (rbac RuleAllows). */
export function ruleAllows(a: Attributes, rule: PolicyRule): boolean {
  if (!matches(rule.verbs, a.verb)) return false;
  if (!a.isResourceRequest) return rule.nonResourceURLs.some((url) => urlMatches(url, a.path));
  return (
    matches(rule.apiGroups, a.group) &&
    resourceMatches(rule.resources, a.resource, a.subresource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(a.name))
  );
}

const matches = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);

function resourceMatches(list: readonly string[], resource: string, subresource: string): boolean {
  if (subresource === '') return matches(list, resource);
  return list.some((r) => r === '*' || r === `${resource}/${subresource}` || r === `*/${subresource}`);
}

function urlMatches(rule: string, path: string): boolean {
  return rule === '*' || rule === path || (rule.endsWith('*') && path.startsWith(rule.replace(/\*+$/, '')));
}

function bindingOf(object: JsonObject): Binding {
  const metadata = child(object, 'metadata');
  const roleRef = child(object, 'roleRef');
  return {
    name: str(metadata, 'name'),
    namespace: str(metadata, 'namespace'),
    roleKind: str(roleRef, 'kind'),
    roleName: str(roleRef, 'name'),
    subjects: children(object, 'subjects').map((s) => ({
      kind: str(s, 'kind'),
      name: str(s, 'name'),
      namespace: str(s, 'namespace'),
    })),
  };
}

/** The rules of a role. */
export function rulesOf(object: JsonObject): PolicyRule[] {
  return children(object, 'rules').map((rule) => ({
    verbs: strings(rule, 'verbs'),
    apiGroups: strings(rule, 'apiGroups'),
    resources: strings(rule, 'resources'),
    resourceNames: strings(rule, 'resourceNames'),
    nonResourceURLs: strings(rule, 'nonResourceURLs'),
  }));
}
