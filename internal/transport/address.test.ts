import { expect, test } from 'vitest';
import { isAddress, isUnspecified, splitAddress } from './address.js';

test('an address is split at its last colon', () => {
  expect(splitAddress('host:1')).toEqual({ host: 'host', port: 1 });
  expect(splitAddress('[::1]:2380')).toEqual({ host: '::1', port: 2380 });
});

test('names and addresses with a port can be dialled, nothing else', () => {
  for (const good of ['a:1', 'a:65535', 'h-1.example.com:80', 'a_b:1', 'ab:1', '10.0.0.1:2380', '[::1]:2380']) {
    expect(isAddress(good), good).toBe(true);
  }
  for (const bad of [
    '',
    'a',
    'a:',
    ':1',
    'a:0',
    'a:65536',
    'a:123456',
    'a b:1',
    '/x:1',
    '-a:1',
    'a-:1',
    '::1:1',
    '[a]:1',
    '[::1]',
    'x[::1]:1',
    '[::1]:1x',
    '[]:1',
    'a:1:2',
    'a.:1',
    'ä:1',
  ]) {
    expect(isAddress(bad), bad).toBe(false);
  }
});

test('some addresses are good to listen on only', () => {
  for (const all of ['0.0.0.0:2380', '[::]:2380', '[0:0::0]:1', '0:1']) expect(isUnspecified(all), all).toBe(true);
  for (const one of ['127.0.0.1:2380', '0.0.0.1:1', '10.0.0.0:1', '[::1]:2380', '[1::]:1', 'a:1', ':1'])
    expect(isUnspecified(one), one).toBe(false);
});
