import { expect, test } from 'vitest';
import { isPathSegmentName, listOptionsOf } from './list-options.js';

test.each<[string, boolean, string]>([
  ['', false, ''],
  ['watch', true, ''],
  ['watch=', true, ''],
  ['watch=true', true, ''],
  ['watch=1', true, ''],
  ['watch=yes', true, ''],
  ['watch=0', false, ''],
  ['watch=false', false, ''],
  ['watch=False', false, ''],
  ['watch=0&watch=1', false, ''],
  ['fieldSelector=metadata.name%3Da', false, 'a'],
  ['fieldSelector=metadata.name%3D%3Da', false, 'a'],
  ['fieldSelector=+metadata.name+%3D+a+', false, 'a'],
  ['fieldSelector=spec.nodeName%3Dn,metadata.name%3Da', false, 'a'],
  ['fieldSelector=metadata.name!%3Da', false, ''],
  ['fieldSelector=xmetadata.name%3Da', false, ''],
  ['fieldSelector=metadataxname%3Da', false, ''],
  ['fieldSelector=metadata.namespace%3Da', false, ''],
  ['fieldSelector=metadata.name', false, ''],
  ['fieldSelector=metadata.name%3D', false, ''],
  ['watch=1&fieldSelector=metadata.name%3Da', true, 'a'],
])('%s', (query, watch, metadataName) => {
  expect(listOptionsOf(query)).toEqual({ watch, metadataName });
});

test('What a path cannot hold is no name', () => {
  expect(['a', 'a.b', 'a..b', '...'].map(isPathSegmentName)).toEqual([true, true, true, true]);
  expect(['', '.', '..', 'a/b', 'a%b'].map(isPathSegmentName)).toEqual([false, false, false, false, false]);
});
