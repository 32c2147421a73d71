import { children, str, strings } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { errorText, type FieldError, invalidValue, notSupported, required } from '../machinery/field.js';
import type { JsonObject } from '../machinery/json.js';
import { logger } from '../machinery/log.js';
import { dns1123Subdomain } from '../machinery/names.js';
import { checkLists, decodeConfiguration, readConfigurationFile } from '../schema/codec/configuration.js';
import type { GroupResources, Policy, PolicyRule } from './policy.js';
import { type Level, LEVELS, type Stage, STAGES } from './types.js';

const log = logger('policy-file.ts');

const POLICY_FIELDS = ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'];
const RULE_FIELDS = [
  'level',
  'users',
  'userGroups',
  'verbs',
  'resources',
  'namespaces',
  'nonResourceURLs',
  'omitStages',
  'omitManagedFields',
];
const RULE_LISTS = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'];
const RESOURCE_FIELDS = ['group', 'resources', 'resourceNames'];

/**
 * Reads the file of `--audit-policy-file`: an audit.k8s.io/v1 Policy. Unknown fields are told and left out, as in
 * kube-apiserver. Throws FatalError with all that is wrong.
 */
export function readAuditPolicy(path: string): Policy {
  const bytes = readConfigurationFile(path, '--audit-policy-file');
  const object = decodeConfiguration(bytes, path, 'Policy', ['audit.k8s.io/v1']);
  const errors: FieldError[] = [];
  checkTypes(object, path);
  tellUnknown(object, path);
  const policy: Policy = {
    rules: children(object, 'rules').map((rule, i) => ruleOf(rule, `rules[${i}]`, errors)),
    omitStages: stagesOf(object, 'omitStages', errors),
    omitManagedFields: object['omitManagedFields'] === true,
  };
  if (errors.length > 0) throw new FatalError(`${path}: ${errors.map(errorText).join(', ')}. Mend the audit policy.`);
  if (policy.rules.length === 0) {
    throw new FatalError(`${path}: loaded illegal policy with 0 rules. Write at least one, e.g. "- level: Metadata".`);
  }
  return policy;
}

function checkTypes(object: JsonObject, path: string): void {
  checkLists(object, path, '', 'object', ['rules']);
  checkLists(object, path, '', 'string', ['omitStages']);
  for (const [i, rule] of children(object, 'rules').entries()) {
    checkLists(rule, path, `rules[${i}].`, 'string', RULE_LISTS);
    checkLists(rule, path, `rules[${i}].`, 'object', ['resources']);
    for (const [j, group] of children(rule, 'resources').entries()) {
      checkLists(group, path, `rules[${i}].resources[${j}].`, 'string', ['resources', 'resourceNames']);
    }
  }
}

function tellUnknown(object: JsonObject, path: string): void {
  const unknown: string[] = [];
  const look = (o: JsonObject, at: string, known: readonly string[]): void => {
    for (const name of Object.keys(o)) if (!known.includes(name)) unknown.push(at + name);
  };
  look(object, '', POLICY_FIELDS);
  for (const [i, rule] of children(object, 'rules').entries()) {
    look(rule, `rules[${i}].`, RULE_FIELDS);
    for (const [j, group] of children(rule, 'resources').entries()) {
      look(group, `rules[${i}].resources[${j}].`, RESOURCE_FIELDS);
    }
  }
  if (unknown.length > 0) log.warn(`${path}: the audit policy has unknown fields: ${unknown.join(', ')}`);
}

function ruleOf(rule: JsonObject, at: string, errors: FieldError[]): PolicyRule {
  const nonResourceURLs = strings(rule, 'nonResourceURLs');
  const namespaces = strings(rule, 'namespaces');
  const level = levelOf(str(rule, 'level'), `${at}.level`, errors);
  checkUrls(nonResourceURLs, `${at}.nonResourceURLs`, errors);
  const resources = children(rule, 'resources').map((group) => resourcesOf(group, `${at}.resources`, errors));
  const omitStages = stagesOf(rule, `${at}.omitStages`, errors);
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    const text = 'rules cannot apply to both regular resources and non-resource URLs';
    errors.push(invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, text));
  }
  const omit = rule['omitManagedFields'];
  return {
    level,
    users: strings(rule, 'users'),
    userGroups: strings(rule, 'userGroups'),
    verbs: strings(rule, 'verbs'),
    resources,
    namespaces,
    nonResourceURLs,
    omitStages,
    omitManagedFields: typeof omit === 'boolean' ? omit : undefined,
  };
}

function levelOf(text: string, at: string, errors: FieldError[]): Level {
  const level = LEVELS.find((l) => l === text);
  if (text === '') errors.push(required(at));
  else if (level === undefined) errors.push(notSupported(at, text, LEVELS));
  return level ?? 'None';
}

function stagesOf(from: JsonObject, at: string, errors: FieldError[]): Stage[] {
  const stages: Stage[] = [];
  for (const [i, text] of strings(from, 'omitStages').entries()) {
    const stage = STAGES.find((s) => s === text);
    if (stage !== undefined) stages.push(stage);
    else errors.push(invalidValue(`${at}[${i}]`, text, `allowed stages are ${STAGES.join(',')}`));
  }
  return stages;
}

function checkUrls(urls: readonly string[], at: string, errors: FieldError[]): void {
  for (const [i, url] of urls.entries()) {
    if (url === '*') continue;
    if (!url.startsWith('/')) {
      errors.push(invalidValue(`${at}[${i}]`, url, "non-resource URL rules must begin with a '/' character"));
    }
    if (url.slice(0, -1).includes('*')) {
      const text = "non-resource URL wildcards '*' must be the final character of the rule";
      errors.push(invalidValue(`${at}[${i}]`, url, text));
    }
  }
}

function resourcesOf(from: JsonObject, at: string, errors: FieldError[]): GroupResources {
  const [group, resources, names] = [str(from, 'group'), strings(from, 'resources'), strings(from, 'resourceNames')];
  const problems = group === '' || group === '*' ? [] : dns1123Subdomain(group);
  if (problems.length > 0) errors.push(invalidValue(`${at}.group`, group, problems.join(',')));
  if (names.length > 0 && resources.length === 0) {
    errors.push(invalidValue(`${at}.resourceNames`, names, 'using resourceNames requires at least one resource'));
  }
  return { group, resources, resourceNames: names };
}
