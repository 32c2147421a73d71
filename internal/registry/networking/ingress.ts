import type { FieldError } from '../../machinery/field.js';
import { invalidValue } from '../../machinery/field.js';
import { isSloppyIP, legacyIP, portName, portNumber, wildcardDns1123Subdomain } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label, dns1123Subdomain, pathSegmentName } from '../../machinery/names.js';
import { FieldNode, type TextCheck, validating } from '../generic/field-node.js';
import { checkIngressHostname, IP_AS_HOST } from '../generic/load-balancer.js';
import type { Strategy } from '../types.js';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

const host: TextCheck = (value) => (value.includes('*') ? wildcardDns1123Subdomain(value) : dns1123Subdomain(value));
const segment: TextCheck = (value) => pathSegmentName(value, false);

/** What an update may keep because the stored object already has it. */
interface Lenience {
  readonly secretNames: boolean;
  readonly wildcardRules: boolean;
}

const STRICT: Lenience = { secretNames: false, wildcardRules: false };

/** A reference to an object of any kind in the same namespace. */
export function checkTypedReference(reference: FieldNode): void {
  if (reference.has('apiGroup')) reference.checkText('apiGroup', dns1123Subdomain);
  reference.requireText('kind', segment);
  reference.requireText('name', segment);
}

function checkBackend(backend: FieldNode): void {
  const service = backend.child('service');
  const resource = backend.child('resource');
  if (service !== undefined && resource !== undefined) {
    backend.invalid('', 'cannot set both resource and service backends', '');
  } else if (resource !== undefined) checkTypedReference(resource);
  else if (service === undefined) backend.invalid('', 'resource or service backend is required', '');
  else {
    service.requireText('name', dns1123Label);
    checkServicePort(backend, service.struct('port'));
  }
}

/** The field errors that are not about one member are about the backend. */
function checkServicePort(backend: FieldNode, port: FieldNode): void {
  const named = port.text('name') !== '';
  const number = port.number('number') ?? 0;
  if (named && number !== 0) backend.invalid('', 'cannot set both port name & port number', '');
  else if (named) port.checkText('name', portName);
  else if (number === 0) backend.required('', 'port name or number is required');
  else for (const message of portNumber(number)) port.invalid('number', message);
}

const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_ENDS = ['/..', '/.'];

/** Paths that are compared by the proxy itself must be absolute and already normalized. */
const comparedPath: TextCheck = (path) => [
  ...(path.startsWith('/') ? [] : ['must be an absolute path']),
  ...BAD_SEQUENCES.filter((s) => path.includes(s)).map((s) => `must not contain '${s}'`),
  ...BAD_ENDS.filter((s) => path.endsWith(s)).map((s) => `cannot end with '${s}'`),
];

const implementationPath: TextCheck = (path) =>
  path === '' || path.startsWith('/') ? [] : ['must be an absolute path'];

function checkPath(path: FieldNode): void {
  if (!path.has('pathType')) {
    path.required('pathType', 'pathType must be specified');
    return;
  }
  const type = path.text('pathType');
  if (type === 'Exact' || type === 'Prefix') path.checkText('path', comparedPath);
  else if (type === 'ImplementationSpecific') path.checkText('path', implementationPath);
  else path.unsupported('pathType', ['Exact', 'ImplementationSpecific', 'Prefix']);
  checkBackend(path.struct('backend'));
}

function checkRuleValue(rule: FieldNode): void {
  const http = rule.child('http');
  if (http === undefined) return;
  const paths = http.list('paths');
  if (paths.length === 0) http.required('paths');
  paths.forEach(checkPath);
}

function checkRule(rule: FieldNode, lenience: Lenience): void {
  const name = rule.text('host');
  if (name !== '') {
    if (isSloppyIP(name)) rule.invalid('host', IP_AS_HOST);
    rule.checkText('host', host);
  }
  if (!(lenience.wildcardRules && name.includes('*'))) checkRuleValue(rule);
}

function checkTls(tls: FieldNode, lenience: Lenience): void {
  for (const [i, name] of tls.texts('hosts').entries()) {
    for (const message of host(name)) tls.add(invalidValue(`${tls.at('hosts')}[${i}]`, name, message));
  }
  if (!lenience.secretNames && tls.text('secretName') !== '') tls.checkText('secretName', dns1123Subdomain);
}

function checkSpec(spec: FieldNode, lenience: Lenience): void {
  const rules = spec.list('rules');
  const backend = spec.child('defaultBackend');
  if (rules.length === 0 && backend === undefined) {
    spec.invalid('', 'either `defaultBackend` or `rules` must be specified', spec.shown('rules') ?? null);
  }
  if (backend !== undefined) checkBackend(backend);
  for (const rule of rules) checkRule(rule, lenience);
  for (const tls of spec.list('tls')) checkTls(tls, lenience);
  if (spec.has('ingressClassName')) spec.checkText('ingressClassName', dns1123Subdomain);
}

function lenienceOf(old: JsonObject): Lenience {
  const spec = new FieldNode(old).struct('spec');
  const secretNames = spec.list('tls').some((tls) => {
    const name = tls.text('secretName');
    return name !== '' && dns1123Subdomain(name).length > 0;
  });
  const wildcardRules = spec
    .list('rules')
    .some((rule) => rule.text('host').includes('*') && validating(rule.value, checkRuleValue).length > 0);
  return { secretNames, wildcardRules };
}

function validate(ingress: JsonObject): FieldError[] {
  return validating(ingress, (root) => {
    const spec = root.struct('spec');
    checkSpec(spec, STRICT);
    const annotation = root.struct('metadata').struct('annotations').get(CLASS_ANNOTATION);
    if (annotation !== undefined && spec.has('ingressClassName') && annotation !== spec.get('ingressClassName')) {
      root.add(
        invalidValue(
          `annotations.${CLASS_ANNOTATION}`,
          annotation,
          'must match `ingressClassName` when both are specified',
        ),
      );
    }
  });
}

function validateStatusUpdate(ingress: JsonObject, old: JsonObject): FieldError[] {
  const addresses = (o: JsonObject) => new FieldNode(o).struct('status').struct('loadBalancer').list('ingress');
  const before = new Set(addresses(old).map((i) => i.text('ip')));
  return validating(ingress, (root) => {
    for (const point of root.struct('status').struct('loadBalancer').list('ingress')) {
      const ip = point.text('ip');
      if (ip !== '' && !before.has(ip)) point.checkText('ip', legacyIP);
      checkIngressHostname(point);
    }
  });
}

export const ingresses: Strategy = {
  prepareForCreate(_ctx, ingress) {
    ingress['status'] = { loadBalancer: {} };
  },
  validate,
  validateUpdate: (ingress, old) => validating(ingress, (root) => checkSpec(root.struct('spec'), lenienceOf(old))),
  validateStatusUpdate,
  warnings(ingress, old) {
    if (old !== undefined) return [];
    const root = new FieldNode(ingress);
    const annotated = root.struct('metadata').struct('annotations').has(CLASS_ANNOTATION);
    if (!annotated || root.struct('spec').has('ingressClassName')) return [];
    return [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
  },
};
