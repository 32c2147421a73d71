/** What goyaml (libyaml's scanner and parser) says where the YAML parser here says something else; the first match counts. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^tab characters must not be used/, 'found character that cannot start any token'],
  [/^bad indentation of a mapping entry/, 'mapping values are not allowed in this context'],
  [/multiline key may not be an implicit key|^expected ':' after a mapping key/, "could not find expected ':'"],
  [/^bad indentation of a sequence entry/, "did not find expected '-' indicator"],
  [/^deficient indentation/, 'did not find expected node content'],
  [/^end of the stream or a document separator is expected/, 'did not find expected <document start>'],
  [/within a (single|double) quoted scalar/, 'found unexpected end of stream'],
  [/^unexpected end of the stream within a flow collection/, "did not find expected ',' or '}'"],
  [/^missed comma between flow collection entries/, "did not find expected ',' or '}'"],
  [/^expected the node content/, 'did not find expected node content'],
  [/^unknown escape sequence/, 'found unknown escape character'],
  [/^expected hexadecimal character/, 'did not find expected hexdecimal number'],
  [/non-printable characters|^expected valid JSON character/, 'control characters are not allowed'],
  [/^undeclared tag handle/, 'found undefined tag handle'],
  [/^name of an? (anchor|alias) node/, 'did not find expected alphabetic or numeric character'],
  [/^(duplication of an anchor|duplication of a tag|alias node should not)/, 'did not find expected key'],
  [/^a whitespace character is expected/, "could not find expected ':'"],
  [/^a line break is expected/, 'did not find expected comment or line break'],
  [/whitespace|identifier|block scalar/, 'did not find expected comment or line break'],
];

/** What libyaml's parser says; the rest is said by its scanner. */
const PARSER = /^did not find expected (?!comment|hexdecimal|alphabetic)/;

/**
 * The problem in goyaml's words, with its line when it is not the first: `line 3: could not find expected ':'`. `line`
 * counts from 0.
 */
export function goYamlProblem(reason: string, line: number | undefined): string {
  const words = WORDS.find(([pattern]) => pattern.test(reason))?.[1] ?? reason;
  if (line === undefined || line === 0) return words;
  // Its parser, unlike its scanner, names the line before.
  return `line ${PARSER.test(words) ? line : line + 1}: ${words}`;
}
