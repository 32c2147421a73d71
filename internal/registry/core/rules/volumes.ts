import { dns1123Label } from '../../../machinery/names.js';
import type { FieldNode } from '../../generic/field-node.js';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
/** Sources that a volume can have, exactly one of them. */
const NOT_SOURCES = new Set(['name']);

function checkItems(source: FieldNode): void {
  for (const item of source.list('items')) {
    item.requireText('key');
    checkPath(item, 'path');
    checkMode(item, 'mode');
  }
}

function checkPath(owner: FieldNode, key: string): void {
  const path = owner.text(key);
  if (path === '') owner.required(key);
  else if (path.startsWith('/')) owner.invalid(key, 'must be a relative path');
  else if (path.split('/').includes('..')) owner.invalid(key, "must not contain '..'");
}

function checkMode(owner: FieldNode, key: string): void {
  const mode = owner.number(key);
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    owner.invalid(key, 'must be a number between 0 and 0777 (octal), both inclusive', mode);
  }
}

function checkDownward(owner: FieldNode): void {
  for (const item of owner.list('items')) {
    checkPath(item, 'path');
    checkMode(item, 'mode');
    const [field, resource] = [item.child('fieldRef'), item.child('resourceFieldRef')];
    if (field === undefined && resource === undefined)
      item.required('', 'one of fieldRef and resourceFieldRef is required');
    if (field !== undefined && resource !== undefined) {
      item.invalid('', 'fieldRef and resourceFieldRef can not be specified simultaneously', 'resource');
    }
    field?.requireText('fieldPath');
    resource?.requireText('resource');
  }
}

/** The volumes of a pod spec; answers the names that mounts may use (validateVolumes). */
export function checkVolumes(spec: FieldNode): Set<string> {
  const names = new Set<string>();
  for (const v of spec.list('volumes')) {
    const sources = Object.keys(v.value).filter((k) => !NOT_SOURCES.has(k) && v.has(k));
    if (sources.length === 0) v.required('', 'must specify a volume type');
    for (const extra of sources.slice(1)) v.forbidden(extra, 'may not specify more than 1 volume type');
    const host = v.child('hostPath');
    if (host !== undefined) {
      host.requireText('path');
      host.checkOneOf('type', HOST_PATH_TYPES);
    }
    const secret = v.child('secret');
    if (secret !== undefined) {
      secret.requireText('secretName');
      checkMode(secret, 'defaultMode');
      checkItems(secret);
    }
    const config = v.child('configMap');
    if (config !== undefined) {
      config.requireText('name');
      checkMode(config, 'defaultMode');
      checkItems(config);
    }
    v.child('persistentVolumeClaim')?.requireText('claimName');
    const downward = v.child('downwardAPI');
    if (downward !== undefined) {
      checkMode(downward, 'defaultMode');
      checkDownward(downward);
    }
    const projected = v.child('projected');
    if (projected !== undefined) checkProjected(projected);
    const nfs = v.child('nfs');
    if (nfs !== undefined) {
      nfs.requireText('server');
      nfs.requireText('path');
    }
    v.child('csi')?.requireText('driver');
    const name = v.text('name');
    v.requireText('name', dns1123Label);
    if (name === '') continue;
    if (names.has(name)) v.duplicate('name');
    names.add(name);
  }
  return names;
}

function checkProjected(projected: FieldNode): void {
  checkMode(projected, 'defaultMode');
  for (const source of projected.list('sources')) {
    const given = Object.keys(source.value).filter((k) => source.has(k));
    if (given.length > 1) source.forbidden(given[1] ?? '', 'may not specify more than 1 volume type');
    if (given.length === 0) source.required('', 'must specify a projection type');
    for (const kind of ['secret', 'configMap']) {
      const s = source.child(kind);
      if (s === undefined) continue;
      s.requireText('name');
      checkItems(s);
    }
    const downward = source.child('downwardAPI');
    if (downward !== undefined) checkDownward(downward);
    const token = source.child('serviceAccountToken');
    if (token !== undefined) {
      const seconds = token.number('expirationSeconds') ?? 3600;
      if (seconds < 600) token.invalid('expirationSeconds', 'may not specify a duration less than 10 minutes', seconds);
      if (token.text('path') === '') token.required('path');
      else checkPath(token, 'path');
    }
  }
}
