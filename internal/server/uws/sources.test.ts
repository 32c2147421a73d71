import { expect, test } from 'vitest';
import { Sources } from './sources.js';

test('the only place is known until another comes, and again when all connections are closed', () => {
  const sources = new Sources();
  expect(sources.only).toBeUndefined();
  sources.opened('10.0.0.1');
  sources.opened('10.0.0.1');
  expect(sources.only).toBe('10.0.0.1');
  sources.closed();
  expect(sources.only).toBe('10.0.0.1');
  sources.opened('10.0.0.2');
  expect(sources.only).toBeUndefined();
  sources.closed();
  // Which of the two is open is not known.
  expect(sources.only).toBeUndefined();
  sources.closed();
  sources.opened('10.0.0.2');
  expect(sources.only).toBe('10.0.0.2');
});

test('a connection whose other end is gone already tells nothing', () => {
  const sources = new Sources();
  sources.opened('');
  expect(sources.only).toBeUndefined();
  sources.opened('10.0.0.1');
  expect(sources.only).toBeUndefined();
});
