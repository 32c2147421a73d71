import { describe, expect, it } from 'vitest';
import { jsonPathFault } from './json-path-text.js';

describe('a path of kubectl', () => {
  it.each([
    '',
    'plain text',
    '{}',
    '{.spec.validations[0].expression}',
    '{spec.validations[-1]}',
    "{.metadata.annotations['a.b/c']}",
    '{.a\\.b}{.c} and {.d}',
    '{$.items[*]..name}',
    '{..}',
    '{.a[1:2:3][:][0,1]}',
    '{.items[?(@.kind=="Pod)")].x}',
    '{.items[?(@.ready)]}',
    '{range .items[*]}{.x}{"\\t"}{end}',
    '{1.5}{-2}{true}{.größe}',
  ])('may be %s', (text) => {
    expect(jsonPathFault(text)).toBeUndefined();
  });

  it.each([
    ['{.a', 'unclosed action'],
    ['{.a\n}', 'unclosed action'],
    ['{.a#b#}', undefined],
    ['{#}', "unrecognized character in action: U+0023 '#'"],
    ['{.a,b}', "unrecognized character in action: U+002C ','"],
    ['{.a....b}', 'invalid multiple recursive descent'],
    ['{.. ..}', 'invalid multiple recursive descent'],
    ['{1.2.3}', 'cannot parse number 1.2.3'],
    ['{+}', 'cannot parse number +'],
    ['{.a[0}', 'unterminated array'],
    ['{.a[x]}', 'invalid array index x'],
    ['{.a["x"]}', 'invalid array index "x"'],
    ['{.a[-]}', 'array index - is not a number'],
    ['{.a[0, x]}', 'invalid array index x'],
    ['{.a[?(@.b}', 'unterminated filter'],
    ['{.a[?(@.b)}', 'unclosed array expect ]'],
    ['{.a[?(@.b==#)]}', "unrecognized character in action: U+0023 '#'"],
    ['{"a}', 'unterminated quoted string'],
    ['{"\\q"}', 'unquote string "\\q" error invalid syntax'],
  ])('says what is wrong with %s', (text, fault) => {
    expect(jsonPathFault(text)).toBe(fault);
  });
});
