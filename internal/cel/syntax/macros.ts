import { call, type Comprehension, expr, type Expr, ident, list, literal, memberCall } from './ast.js';

/** A macro was matched, but what it was given does not fit. */
export class MacroError extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

/** A call that a macro may expand; without a target in the source, `target` is unspecified. */
export interface MacroCall {
  readonly at: number;
  readonly target: Expr;
  readonly args: readonly Expr[];
}

/** Expands a call; undefined leaves it as it is. Throws MacroError. */
export type Macro = (c: MacroCall) => Expr | undefined;

/** The macros of an environment, found by name, number of arguments and whether there is a target. */
export class Macros {
  private readonly byKey = new Map<string, Macro>();

  add(name: string, args: number, isMember: boolean, macro: Macro): this {
    this.byKey.set(`${name}:${args}:${isMember}`, macro);
    return this;
  }

  find(name: string, args: number, isMember: boolean): Macro | undefined {
    return this.byKey.get(`${name}:${args}:${isMember}`);
  }
}

export const ACCUMULATOR = '@result';

type Loop = Omit<Comprehension, 'kind' | 'accuVar' | 'iterVar2' | 'result'> & {
  readonly iterVar2?: string;
  readonly result?: Expr;
  readonly accuVar?: string;
};

/** A loop over a range; its result is the accumulator unless another is given. */
export function loop(at: number, l: Loop): Expr {
  const { iterVar2, result, accuVar, ...rest } = l;
  return expr(at, {
    kind: 'comprehension',
    ...rest,
    iterVar2,
    accuVar: accuVar ?? ACCUMULATOR,
    result: result ?? ident(at, ACCUMULATOR),
  });
}

const arg = (c: MacroCall, i: number): Expr => c.args[i] ?? expr(c.at, { kind: 'unspecified' });

/** The variable that an argument names. */
function variable(e: Expr, message: string): string {
  if (e.kind !== 'ident' || e.name.startsWith('.')) throw new MacroError(e.at, message);
  if (e.name === '__result__') throw new MacroError(e.at, 'iteration variable overwrites accumulator variable');
  return e.name;
}

const ONE_NAME = 'argument is not an identifier';
const SIMPLE_NAME = 'argument must be a simple name';

/** The names that a macro binds, and where the rest of its arguments begins. */
function namesOf(c: MacroCall, two: boolean): { iterVar: string; iterVar2?: string; rest: number } {
  if (!two) return { iterVar: variable(arg(c, 0), SIMPLE_NAME), rest: 1 };
  const iterVar = variable(arg(c, 0), SIMPLE_NAME);
  const iterVar2 = variable(arg(c, 1), SIMPLE_NAME);
  if (iterVar === iterVar2) throw new MacroError(arg(c, 1).at, `duplicate variable name: ${iterVar}`);
  return { iterVar, iterVar2, rest: 2 };
}

function quantifier(c: MacroCall, two: boolean, isAll: boolean): Expr {
  const { rest, ...names } = namesOf(c, two);
  const accu = (): Expr => ident(c.at, ACCUMULATOR);
  return loop(c.at, {
    range: c.target,
    ...names,
    accuInit: literal(c.at, isAll),
    condition: call(c.at, '@not_strictly_false', isAll ? accu() : call(c.at, '!_', accu())),
    step: call(c.at, isAll ? '_&&_' : '_||_', accu(), arg(c, rest)),
  });
}

function existsOne(c: MacroCall, two: boolean): Expr {
  const { rest, ...names } = namesOf(c, two);
  const accu = (): Expr => ident(c.at, ACCUMULATOR);
  const one = (): Expr => literal(c.at, 1n);
  return loop(c.at, {
    range: c.target,
    ...names,
    accuInit: literal(c.at, 0n),
    condition: literal(c.at, true),
    step: call(c.at, '_?_:_', arg(c, rest), call(c.at, '_+_', accu(), one()), accu()),
    result: call(c.at, '_==_', accu(), one()),
  });
}

/** A loop that adds to a list or map; with a filter only for what passes it. */
function collecting(
  c: MacroCall,
  names: { iterVar: string; iterVar2?: string },
  init: Expr,
  add: Expr,
  filter?: Expr,
): Expr {
  const step = filter === undefined ? add : call(c.at, '_?_:_', filter, add, ident(c.at, ACCUMULATOR));
  return loop(c.at, { range: c.target, ...names, accuInit: init, condition: literal(c.at, true), step });
}

const appended = (c: MacroCall, e: Expr): Expr => call(c.at, '_+_', ident(c.at, ACCUMULATOR), list(c.at, e));

/** `map(x, f)` and `map(x, filter, f)`. */
export function mapMacro(c: MacroCall): Expr {
  const iterVar = variable(arg(c, 0), ONE_NAME);
  const filter = c.args.length === 3 ? arg(c, 1) : undefined;
  return collecting(c, { iterVar }, list(c.at), appended(c, arg(c, c.args.length - 1)), filter);
}

function filterMacro(c: MacroCall): Expr {
  const name = arg(c, 0);
  const iterVar = variable(name, ONE_NAME);
  return collecting(c, { iterVar }, list(c.at), appended(c, ident(name.at, iterVar)), arg(c, 1));
}

function hasMacro(c: MacroCall): Expr {
  const [e] = c.args;
  if (e?.kind === 'select' && !e.testOnly)
    return expr(c.at, { ...e, kind: 'select', testOnly: true, at: c.at } as Expr);
  throw new MacroError(e?.at ?? c.at, 'invalid argument to has() macro');
}

function transform(c: MacroCall, init: () => Expr, add: (names: { iterVar: string }, e: Expr) => Expr): Expr {
  const { rest, ...names } = namesOf(c, true);
  const filter = c.args.length === 4 ? arg(c, rest) : undefined;
  return collecting(c, names, init(), add(names, arg(c, c.args.length - 1)), filter);
}

const emptyMap = (c: MacroCall): Expr => expr(c.at, { kind: 'map', entries: [] });
const inserted = (c: MacroCall, ...args: Expr[]): Expr =>
  call(c.at, 'cel.@mapInsert', ident(c.at, ACCUMULATOR), ...args);

/** A value with a name, for an expression: a loop that is never run, whose result sees the name. */
export function bind(at: number, name: string, value: Expr, body: Expr): Expr {
  return loop(at, {
    range: list(at),
    iterVar: '#unused',
    accuVar: name,
    accuInit: value,
    condition: literal(at, false),
    step: ident(at, name),
    result: body,
  });
}

const BINDABLE: ReadonlySet<string> = new Set(['list', 'select', 'ident', 'comprehension', 'call']);

function sortBy(c: MacroCall): Expr {
  const input = '@__sortBy_input__';
  if (!BINDABLE.has(c.target.kind)) {
    const message = 'sortBy can only be applied to a list, identifier, comprehension, call or select expression';
    throw new MacroError(c.target.at, message);
  }
  const keys = mapMacro({ ...c, target: ident(c.at, input) });
  return bind(c.at, input, c.target, memberCall(c.at, '@sortByAssociatedKeys', ident(c.at, input), keys));
}

function optional(c: MacroCall, name: string, wrap: (e: Expr) => Expr): Expr {
  const bound = arg(c, 0);
  if (bound.kind !== 'ident') throw new MacroError(bound.at, `${name}() variable name must be a simple identifier`);
  const value = memberCall(c.at, 'value', c.target);
  const has = memberCall(c.at, 'hasValue', c.target);
  return call(c.at, '_?_:_', has, wrap(bind(c.at, bound.name, value, arg(c, 1))), call(c.at, 'optional.none'));
}

/** The macros of Kubernetes' environment: CEL's own, two-variable loops, `sortBy`, and those of optional values. */
export function kubernetesMacros(): Macros {
  const macros = new Macros().add('has', 1, false, hasMacro);
  for (const two of [false, true]) {
    const args = two ? 3 : 2;
    macros.add('all', args, true, (c) => quantifier(c, two, true));
    macros.add('exists', args, true, (c) => quantifier(c, two, false));
    macros.add('exists_one', args, true, (c) => existsOne(c, two));
    macros.add('existsOne', args, true, (c) => existsOne(c, two));
  }
  macros.add('map', 2, true, mapMacro).add('map', 3, true, mapMacro).add('filter', 2, true, filterMacro);
  for (const args of [3, 4]) {
    macros.add('transformList', args, true, (c) =>
      transform(
        c,
        () => list(c.at),
        (_n, e) => appended(c, e),
      ),
    );
    macros.add('transformMap', args, true, (c) =>
      transform(
        c,
        () => emptyMap(c),
        (names, e) => inserted(c, ident(c.at, names.iterVar), e),
      ),
    );
    macros.add('transformMapEntry', args, true, (c) =>
      transform(
        c,
        () => emptyMap(c),
        (_n, e) => inserted(c, e),
      ),
    );
  }
  macros.add('sortBy', 2, true, sortBy);
  macros.add('optMap', 2, true, (c) => optional(c, 'optMap', (e) => call(c.at, 'optional.of', e)));
  macros.add('optFlatMap', 2, true, (c) => optional(c, 'optFlatMap', (e) => e));
  return macros;
}

/** Adds `cel.bind(name, value, expression)` (cel-go's ext.Bindings). */
export function withBindings(macros: Macros): Macros {
  return macros.add('bind', 3, true, (c) => {
    if (c.target.kind !== 'ident' || c.target.name !== 'cel') return undefined;
    const name = arg(c, 0);
    if (name.kind !== 'ident') throw new MacroError(name.at, 'cel.bind() variable names must be simple identifiers');
    return bind(c.at, name.name, arg(c, 1), arg(c, 2));
  });
}

/** The call, or what a macro of its name makes of it. Throws MacroError. */
export function callOrExpansion(
  macros: Macros,
  { at, name, target, args }: { at: number; name: string; target: Expr | undefined; args: Expr[] },
): Expr {
  const macro = macros.find(name, args.length, target !== undefined);
  const expanded = macro?.({ at, target: target ?? expr(at, { kind: 'unspecified' }), args });
  if (expanded !== undefined) return expanded;
  return target === undefined ? call(at, name, ...args) : memberCall(at, name, target, ...args);
}
