import { type CelType, compile, type Environment, Program, sameType, typeText } from '../../cel/index.js';

/** An expression that is ready, or what is wrong with it. */
export interface Compiled {
  /** As its author wrote it. */
  readonly text: string;
  readonly program: Program | undefined;
  /** Why there is no program. `internal`: an error of evaluation of constants, which is not a field's own. */
  readonly problem: string;
  readonly internal: boolean;
}

/**
 * Compiles an expression that must come to one of the types, in the words of kube-apiserver's CompileCELExpression.
 * Without types it may come to anything.
 */
export function compileExpression(text: string, env: Environment, results: readonly CelType[]): Compiled {
  const made = compile(text, env);
  if (!(made instanceof Program)) {
    return { text, program: undefined, problem: made.message, internal: made.kind === 'internal' };
  }
  if (results.length === 0 || results.some((result) => sameType(result, made.type))) {
    return { text, program: made, problem: '', internal: false };
  }
  const [only] = results;
  const wanted =
    results.length === 1 && only !== undefined ? typeText(only) : `one of [${results.map(resultText).join(' ')}]`;
  return {
    text,
    program: undefined,
    problem: `must evaluate to ${wanted} but got ${typeText(made.type)}`,
    internal: false,
  };
}

/** In lists of types null has its long name. */
const resultText = (type: CelType): string => (type.kind === 'null' ? 'null_type' : typeText(type));
