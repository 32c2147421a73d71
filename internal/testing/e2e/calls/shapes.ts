import fs from 'node:fs';
import { findResource } from '../../../schema/index.js';
import type { ResourceDef } from '../../../schema/types.js';

/** One shape of call that a component makes, from a list recorded beside this repository. */
export interface Shape {
  readonly client: string;
  readonly verb: string;
  readonly path: string;
  /** Values that vary are N, V, SELECTOR, TOKEN, M. */
  readonly query: string;
  readonly codes: readonly number[];
  readonly users: readonly string[];
}

/** What a shape's path names; undefined for discovery and other documents. */
export interface Target {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespaced: boolean;
  readonly named: boolean;
  /** Undefined for a resource that is not built in. */
  readonly def: ResourceDef | undefined;
}

export function readShapes(file: string): Shape[] {
  return fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Shape);
}

export function targetOf(path: string): Target | undefined {
  const segments = path.split('/').slice(1);
  const core = segments[0] === 'api';
  const [group, version] = core ? ['', segments[1]] : [segments[1], segments[2]];
  let rest = segments.slice(core ? 2 : 3);
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  if (segments[0] !== 'api' && segments[0] !== 'apis') return undefined;
  const namespaced = rest[0] === 'namespaces' && rest[1] === '{ns}';
  if (namespaced) rest = rest.slice(2);
  const [resource = '', name, subresource = ''] = rest;
  const def = findResource(group, version, resource);
  return { group, version, resource, subresource, namespaced, named: name !== undefined, def };
}

/** What stands for the placeholders of one call. */
export interface Filling {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly labelSelector: string;
}

const NUMBERS: Readonly<Record<string, string>> = { timeout: '30s', timeoutSeconds: '30', limit: '500' };

function fieldSelector(template: string, name: string): string {
  const phases = ['Succeeded', 'Failed'];
  return template
    .split(',')
    .map((term) => {
      const [left = '', right] = term.split('=');
      if (right !== 'V') return term;
      if (left === 'spec.clusterIP!') return `${left}=None`;
      if (left === 'status.phase!') return `${left}=${phases.shift() ?? ''}`;
      return `${left}=${name}`;
    })
    .join(',');
}

/** Path and query of one call. */
export function fill(shape: Shape, filling: Filling): string {
  const path = shape.path.replace('{ns}', filling.namespace).replace('{name}', filling.name);
  if (shape.query === '') return path;
  const query = shape.query.split('&').map((part) => {
    const at = part.indexOf('=');
    const [key, value] = [part.slice(0, at), part.slice(at + 1)];
    let filled = value;
    if (value === 'N') filled = NUMBERS[key] ?? filling.resourceVersion;
    else if (value === 'M') filled = 'calls-manager';
    else if (value === 'SELECTOR') filled = filling.labelSelector;
    else if (key === 'fieldSelector') filled = fieldSelector(value, filling.name);
    return `${key}=${encodeURIComponent(filled)}`;
  });
  return `${path}?${query.join('&')}`;
}
