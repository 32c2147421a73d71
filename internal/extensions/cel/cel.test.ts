import { describe, expect, it } from 'vitest';
import { compileExpression } from './compile.js';
import { BOOL, DYN, INT, listOf, mapOf, objectOf, STRING, typeText, UNKNOWN } from './types.js';

const spec = objectOf('spec', { size: INT, name: STRING, tags: listOf(STRING), labels: mapOf(STRING, STRING) });
const variables = new Map([
  ['object', DYN],
  ['self', spec],
  ['items', listOf(spec)],
  ['authorizer', UNKNOWN],
  ['authorizer.requestResource', UNKNOWN],
]);
const environment = { variables, isStruct: (name: string) => name === 'Object' || name.startsWith('Object.') };
const compile = (text: string) => compileExpression(text, environment);
/** The first line of what is wrong, without its place. */
const wrong = (text: string): string =>
  (compile(text).problem ?? '').replace(/^compilation failed: ERROR: <input>:/, '').split('\n')[0] ?? '';
const typed = (text: string): string => compile(text).problem ?? typeText(compile(text).type);

describe('expressions', () => {
  it.each([
    ['1 + 2 * 3 - -4 % 5', 'int'],
    ['1u + 0xffu', 'uint'],
    ['.5 + 1e3 + 1.5e-3', 'double'],
    [`"a" + 'b' + """c\n""" + r'\\d' + '\\u00e9\\x41'`, 'string'],
    ['b\'a\' + b"b"', 'bytes'],
    ['!true || false && 1 < 2', 'bool'],
    ["1 in [1, 2] ? 'a' : 'b'", 'string'],
    ['// a comment\n1', 'int'],
    ['{1: 2}[1]', 'int'],
    ["[1, 'a']", 'list(dyn)'],
    ['self.size', 'int'],
    ["self.labels['a'].startsWith('b')", 'bool'],
    ['self.labels.a', 'string'],
    ['items.map(i, i.size)', 'list(int)'],
    ["items.filter(i, i.name == 'a')[0].tags", 'list(string)'],
    ['items.all(i, x, i < x.size)', 'bool'],
    ['cel.bind(n, self.size, n + 1)', 'int'],
    ['object.anything.at[0].all()', undefined],
    ['object.a.b + 1', 'dyn'],
    ['has(object.a) && has(self.name)', 'bool'],
    ["timestamp('2026-01-01T00:00:00Z') - duration('1h')", 'google.protobuf.Timestamp'],
    ['self.?name.orValue("x") == "x"', 'bool'],
    ['sets.contains([1], [1])', 'bool'],
    ["authorizer.requestResource.check('get').allowed()", 'bool'],
    ["Object{metadata: Object.metadata{labels: {'a': 'b'}}}", 'dyn'],
    ["self.`name` == 'a'", 'bool'],
    ['type(1) == int', 'bool'],
  ])('%s', (text, want) => {
    if (want === undefined) expect(compile(text).problem).toBeDefined();
    else expect(typed(text)).toBe(want);
  });

  it.each([
    ['INVALID!', "1:8: Syntax error: extraneous input '!' expecting <EOF>"],
    ['a b c', "1:3: Syntax error: mismatched input 'b' expecting <EOF>"],
    [
      '1 +',
      "1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
    ],
    ['1 + $', "1:5: Syntax error: token recognition error at: '$'"],
    ['(1', "1:3: Syntax error: mismatched input '<EOF>' expecting ')'"],
    ['for', '1:1: reserved identifier: for'],
    ['params.x', "1:1: undeclared reference to 'params' (in container '')"],
    ['self.none', "1:5: undefined field 'none'"],
    ['items.all(i, i.none)', "1:15: undefined field 'none'"],
    ["1 + 'a'", "1:3: found no matching overload for '_+_' applied to '(int, string)'"],
    ["self.size < 'a'", "1:11: found no matching overload for '_<_' applied to '(int, string)'"],
    ["self.size == 'a'", "1:11: found no matching overload for '_==_' applied to '(int, string)'"],
    ['self.size && true', "1:11: found no matching overload for '_&&_' applied to '(int, bool)'"],
    ['self.size.none', "1:10: type 'int' does not support field selection"],
    ['nothing(1)', "1:8: undeclared reference to 'nothing' (in container '')"],
    ['Other{a: 1}', "1:6: undeclared reference to 'Other' (in container '')"],
    ['has(object)', '1:5: invalid argument to has() macro'],
    [`${'('.repeat(300)}1${')'.repeat(300)}`, '1:251: expression recursion limit exceeded: 250'],
  ])('%s is refused', (text, why) => {
    expect(wrong(text)).toBe(why);
  });

  it('says every place that is wrong, and shows it', () => {
    expect(compile('self.a <=\n self.b').problem).toBe(
      [
        "compilation failed: ERROR: <input>:1:5: undefined field 'a'",
        ' | self.a <=',
        ' | ....^',
        "ERROR: <input>:2:6: undefined field 'b'",
        ' |  self.b',
        ' | .....^',
      ].join('\n'),
    );
  });
  it('does not let a name out of its macro', () => {
    expect(wrong('items.all(i, true) && i.size > 1')).toBe("1:23: undeclared reference to 'i' (in container '')");
  });
  it('keeps what it does not follow apart from what may be anything', () => {
    expect(compile("quantity('1').add(quantity('2'))").type).toBe(UNKNOWN);
    expect(compile('object.a').type).toBe(DYN);
    expect(compile('object.a == 1').type).toBe(BOOL);
  });
});
