import { badRequest, type StatusError } from '../../machinery/status.js';
import { gvkOf, typeByKind, typeByName } from '../index.js';
import type { GroupVersionKind } from '../types.js';
import { cannotBeHandled, groupVersionText, unrecognized } from './errors.js';

/** Where each registry of kinds is declared in kube-apiserver: error texts name it. */
function schemeOf(group: string): string {
  if (group === 'apiextensions.k8s.io') return 'pkg/apiserver/apiserver.go:56';
  if (group === 'apiregistration.k8s.io') return 'pkg/apiserver/scheme/scheme.go:32';
  return 'pkg/api/legacyscheme/scheme.go:30';
}

/** Group, version and kind of the type by its name; '' for types without a kind of their own. */
export function expectedKind(typeName: string): GroupVersionKind {
  const known = gvkOf(typeName);
  if (known !== undefined) return known;
  const type = typeByName(typeName);
  const parts = type.name.split('.');
  return { group: '', version: parts.at(-2) ?? '', kind: parts.at(-1) ?? '' };
}

/** Go's ParseGroupVersion; undefined when there is more than one slash. */
function parseGroupVersion(text: string): { group: string; version: string } | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return { group: '', version: text };
  if (text.indexOf('/', slash + 1) >= 0) return undefined;
  return { group: text.slice(0, slash), version: text.slice(slash + 1) };
}

/** What a body says it is, with what it leaves out filled from `expected`. Throws 400 when that cannot be read. */
export function actualKind(
  apiVersion: string,
  kind: string,
  expected: GroupVersionKind,
  body: Buffer,
): GroupVersionKind {
  const gv = parseGroupVersion(apiVersion);
  if (gv === undefined) {
    throw unrecognized(expected.kind, `unexpected GroupVersion string: ${apiVersion}`, body);
  }
  let { group, version } = gv;
  if (version === '' && group === '') ({ group, version } = expected);
  else if (version === '' && group === expected.group) version = expected.version;
  return { group, version, kind: kind === '' ? expected.kind : kind };
}

function sameKind(a: GroupVersionKind, b: GroupVersionKind): boolean {
  return a.kind === b.kind && a.version === b.version && a.group === b.group;
}

/** 400 for a body of another version than the endpoint takes. */
export function otherVersion(apiVersion: string, expected: GroupVersionKind): StatusError {
  return badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${groupVersionText(expected)})`,
  );
}

/** The one kind that an endpoint takes in a version which is not served: EvictionREST.AcceptsGroupVersion. */
const isOldEviction = (gvk: GroupVersionKind): boolean =>
  gvk.group === 'policy' && gvk.version === 'v1beta1' && gvk.kind === 'Eviction';

/** Undefined when a body of kind `actual` may be decoded as `typeName`, else the 400. */
export function kindFault(
  actual: GroupVersionKind,
  expected: GroupVersionKind,
  typeName: string,
): StatusError | undefined {
  if (sameKind(actual, expected)) return undefined;
  const found = typeByKind(actual.group, actual.version, actual.kind);
  // Kinds of meta/v1 (DeleteOptions ...) come in the name of every group.
  if (found !== undefined && found.name === typeByName(typeName).name) return undefined;
  if (isOldEviction(actual) && expected.group === actual.group && expected.kind === actual.kind) return undefined;
  if (found === undefined) {
    return cannotBeHandled(
      actual,
      expected.kind,
      `no kind "${actual.kind}" is registered for version "${groupVersionText(actual)}" in scheme "${schemeOf(expected.group)}"`,
    );
  }
  if (actual.kind === expected.kind && actual.group === expected.group) {
    return otherVersion(groupVersionText(actual), expected);
  }
  const hub = expected.group === '' ? 'core' : (expected.group.split('.')[0] ?? '');
  return cannotBeHandled(
    actual,
    expected.kind,
    `converting (${actual.version}.${actual.kind}) to (${hub}.${expected.kind}): unknown conversion`,
  );
}
