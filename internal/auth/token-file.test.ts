import { expect, test } from 'vitest';
import { credentials } from './testing.js';
import { tokenFileAuthenticator } from './token-file.js';

const FILE = '# who\nt1,ann,1,"dev, ops"\n"t,2","b""ob",2\n\nt3,carl,3,single\n';
const who = tokenFileAuthenticator(FILE, 'tokens.csv');
const ask = (token: string) => who.authenticate(credentials({ token }));

test('a line is a user', () => {
  expect(ask('t1')).toEqual({ username: 'ann', uid: '1', groups: ['dev', 'ops', 'system:authenticated'], extra: {} });
  expect(ask('t,2')).toEqual({ username: 'b"ob', uid: '2', groups: ['system:authenticated'], extra: {} });
  expect(ask('t3')).toMatchObject({ groups: ['single', 'system:authenticated'] });
});

test('any other token is refused, and no token is none', () => {
  expect([ask('t4'), ask('# who'), ask('constructor')]).toEqual(['invalid', 'invalid', 'invalid']);
  expect(who.authenticate(credentials({}))).toBeUndefined();
});

test('a line that cannot be one ends the start', () => {
  for (const line of ['t1,ann', ',ann,1', 't1']) {
    expect(() => tokenFileAuthenticator(`t0,zoe,0\n${line}\n`, 'tokens.csv'), line).toThrow(/line 2 of the token file/);
  }
});
