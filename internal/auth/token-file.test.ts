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

test('lines are as spreadsheets write them', () => {
  const of = (line: string) => {
    const token = 't';
    return tokenFileAuthenticator(line, 'tokens.csv').authenticate(credentials({ token }));
  };
  const ann = { username: 'ann', uid: '1', groups: ['system:authenticated'], extra: {} };
  for (const line of [
    't,ann,1',
    ' t , ann , 1 ',
    '"t","ann","1"',
    't,ann,1,',
    't,ann,1,""',
    't,ann,1," , "',
    't,ann,1\r\n',
    '\t\nt,ann,1',
  ]) {
    expect(of(line), line).toEqual(ann);
  }
  expect(of('t,"a,n""n","1"')).toMatchObject({ username: 'a,n"n', uid: '1' });
  expect(of('t,"""ann""",1')).toMatchObject({ username: '"ann"' });
  expect(of('t,ann#,1,a#\n#t,bob,2\n# t,bob,2#')).toMatchObject({
    username: 'ann#',
    groups: ['a#', 'system:authenticated'],
  });
  expect(of('t,ann,1,"a, b,,c",more')).toMatchObject({ groups: ['a', 'b', 'c', 'system:authenticated'] });
  expect(of('t,ann,')).toMatchObject({ uid: '' });
  expect(of('x,ann,1')).toBe('invalid');
  expect(tokenFileAuthenticator('', 'f').authenticate(credentials({ token: 't' }))).toBe('invalid');
});
