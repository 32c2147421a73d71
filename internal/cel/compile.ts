import { check } from './check/checker.js';
import type { Environment } from './check/environment.js';
import type { CelType } from './check/types.js';
import { validate } from './check/validate.js';
import { estimateCost } from './cost/estimate.js';
import type { SizeOf } from './cost/estimate-call.js';
import type { Range } from './cost/range.js';
import { BudgetExceeded, Frame, type Resolve, type Step } from './eval/frame.js';
import { PlanError, Planner } from './eval/plan.js';
import { Suspended } from './library/authorizer.js';
import { type Expr, qualifiedName, walk } from './syntax/ast.js';
import { parse } from './syntax/parse.js';
import { displayIssues } from './syntax/source.js';
import { effort } from './values/effort.js';
import { CelError, type Value } from './values/value.js';

/** Cost units that one evaluation may use (kube-apiserver's PerCallLimit). */
export const PER_CALL_LIMIT = 1_000_000;
/** Cost units that all expressions of one object or policy may use together (RuntimeCELCostBudget). */
export const RUNTIME_BUDGET = 10_000_000;

/** What an evaluation gave, and what it cost. What went wrong is a CelError. */
export interface Evaluation {
  readonly value: Value;
  readonly cost: number;
  /** It was broken off because it cost more than it might. */
  readonly exceeded: boolean;
}

/** Why an expression cannot be used. `kind` as kube-apiserver tells them apart: `invalid` is the author's, `internal` not. */
export interface CompileError {
  readonly kind: 'invalid' | 'internal';
  /** `compilation failed: ERROR: <input>:1:5: ...`, or `program instantiation failed: ...`. */
  readonly message: string;
}

const EXCEEDED = new CelError('operation cancelled: actual cost limit exceeded');

/** A compiled expression. It keeps no state between evaluations. */
export class Program {
  constructor(
    readonly text: string,
    readonly type: CelType,
    private readonly ast: Expr,
    private readonly step: Step,
    private readonly slots: number,
  ) {}

  /**
   * Evaluates with the values of variables, up to a cost. Only an expression that asks an authorizer which does not
   * answer at once gives a promise.
   */
  evaluate(resolve: Resolve, limit = PER_CALL_LIMIT): Evaluation | Promise<Evaluation> {
    try {
      return this.run(resolve, limit);
    } catch (e) {
      if (e instanceof Suspended) return e.until.then(() => this.evaluate(resolve, limit));
      throw e;
    }
  }

  /** The same where no authorizer can be asked. */
  evaluateSync(resolve: Resolve, limit = PER_CALL_LIMIT): Evaluation {
    return this.run(resolve, limit);
  }

  private run(resolve: Resolve, limit: number): Evaluation {
    const frame = new Frame(resolve, this.slots, limit);
    effort.spent = 0;
    try {
      return { value: this.step(frame), cost: frame.cost, exceeded: false };
    } catch (e) {
      if (e instanceof BudgetExceeded) return { value: EXCEEDED, cost: frame.cost, exceeded: true };
      throw e;
    }
  }

  /** What it may cost; `sizeAt` tells what a schema says of the sizes of variables and what is in them. */
  estimate(sizeAt: SizeOf): Range {
    return estimateCost(this.ast, sizeAt);
  }

  /** Whether a variable is named anywhere in it. */
  uses(variable: string): boolean {
    let found = false;
    walk(this.ast, (e) => {
      if (e.reference === variable || (e.kind === 'ident' && qualifiedName(e) === variable)) found = true;
    });
    return found;
  }

  /** Whether a member of a variable is read anywhere in it: `claims.email`, `claims.?email`, `claims['email']`, `has(claims.email)`. */
  selects(variable: string, member: string): boolean {
    const isVariable = (e: Expr | undefined): boolean => e?.kind === 'ident' && e.name === variable;
    const isMember = (e: Expr | undefined): boolean => e?.kind === 'literal' && e.value === member;
    let found = false;
    walk(this.ast, (e) => {
      if (e.kind === 'select' && e.field === member && isVariable(e.operand)) found = true;
      if (e.kind === 'call' && isVariable(e.args[0]) && isMember(e.args[1])) found = true;
    });
    return found;
  }
}

/** Compiles an expression: syntax, names and types, constants. */
export function compile(text: string, env: Environment): Program | CompileError {
  const parsed = parse(text, env.macros);
  if (parsed.ast === undefined) return invalid(text, parsed.issues);
  const { type, issues } = check(parsed.ast, env);
  if (issues.length > 0) return invalid(text, issues);
  const found = validate(parsed.ast);
  if (found.length > 0) return invalid(text, found);
  const planner = new Planner(env);
  try {
    const step = planner.plan(parsed.ast);
    return new Program(text, type, parsed.ast, step, planner.slots);
  } catch (e) {
    if (e instanceof PlanError) return { kind: 'internal', message: `program instantiation failed: ${e.message}` };
    throw e;
  }
}

function invalid(text: string, issues: Parameters<typeof displayIssues>[1]): CompileError {
  return { kind: 'invalid', message: `compilation failed: ${displayIssues(text, issues)}` };
}
