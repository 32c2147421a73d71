import { portNumber } from '../../machinery/formats.js';
import { dns1035Label, dns1123Subdomain, pathSegmentName } from '../../machinery/names.js';
import { quote } from '../../machinery/status.js';
import type { FieldNode } from '../generic/field-node.js';

const MAX_GROUP_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1000;

/** An APIService is named after what it serves. */
function checkName(root: FieldNode, group: string, version: string): void {
  const metadata = root.struct('metadata');
  const name = metadata.text('name');
  if (name === '') return;
  const wanted = `${version}.${group}`;
  metadata.checkText('name', (value) => {
    const fieldErrors = pathSegmentName(value, false);
    if (fieldErrors.length > 0) return fieldErrors;
    return value === wanted ? [] : [`must be \`spec.version+"."+spec.group\`: ${quote(wanted)}`];
  });
}

function checkPriority(spec: FieldNode, key: string, max: number): void {
  const v = spec.number(key) ?? 0;
  if (v <= 0 || v > max) spec.invalid(key, `must be positive and less than ${max}`, v);
}

/** How to reach the server; one without a service is this one. */
function checkService(spec: FieldNode): void {
  const service = spec.child('service');
  const bundle = spec.text('caBundle');
  if (service === undefined) {
    if (bundle !== '') {
      const bytes = Buffer.from(bundle, 'base64').length;
      spec.invalid('caBundle', 'local APIServices may not have a caBundle', `${bytes} bytes`);
    }
    if (spec.flag('insecureSkipTLSVerify')) {
      spec.invalid('insecureSkipTLSVerify', 'local APIServices may not have insecureSkipTLSVerify');
    }
    return;
  }
  service.requireText('namespace');
  service.requireText('name');
  const port = service.number('port') ?? 0;
  for (const message of portNumber(port)) service.invalid('port', `port is not valid: ${message}`, port);
  if (spec.flag('insecureSkipTLSVerify') && bundle !== '') {
    spec.invalid('insecureSkipTLSVerify', 'may not be true if caBundle is present');
  }
}

/** Field errors of an APIService. */
export function checkApiService(root: FieldNode): void {
  const spec = root.struct('spec');
  const [group, version] = [spec.text('group'), spec.text('version')];
  checkName(root, group, version);
  if (group !== '') spec.checkText('group', dns1123Subdomain);
  else if (version !== 'v1') spec.required('group', 'only v1 may have an empty group and it better be legacy kube');
  spec.checkText('version', dns1035Label);
  checkPriority(spec, 'groupPriorityMinimum', MAX_GROUP_PRIORITY);
  checkPriority(spec, 'versionPriority', MAX_VERSION_PRIORITY);
  checkService(spec);
}

/** Field errors of the status of an APIService. */
export function checkApiServiceStatus(root: FieldNode): void {
  for (const condition of root.struct('status').list('conditions')) {
    condition.requireOneOf('status', ['True', 'False', 'Unknown']);
  }
}
