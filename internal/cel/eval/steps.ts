import { CelError, CelList, CelMap, NO_OVERLOAD, Optional, typeName, type Value } from '../values/value.js';
import type { Step } from './frame.js';

const bool = (v: Value): Value => (v instanceof CelError ? v : NO_OVERLOAD);

const iterableName: Readonly<Record<string, string>> = {
  string: 'String',
  int: 'Int',
  uint: 'Uint',
  double: 'Double',
  bool: 'Bool',
  bytes: 'Bytes',
  null_type: 'Null',
  'google.protobuf.Timestamp': 'Timestamp',
  'google.protobuf.Duration': 'Duration',
};

/** What a loop over something that has no elements says. */
export const notIterable = (v: Value): CelError =>
  new CelError(`got 'types.${iterableName[typeName(v)] ?? typeName(v)}', expected iterable type`);

/** `&&` (absorbing false) and `||` (absorbing true): an error counts only when the other side does not decide. */
export function logical(a: Step, b: Step, absorbing: boolean): Step {
  return (f) => {
    const x = a(f);
    if (x === absorbing) return absorbing;
    const y = b(f);
    if (y === absorbing) return absorbing;
    if (x === !absorbing) return y === !absorbing ? y : bool(y);
    return bool(x);
  };
}

export function conditional(test: Step, yes: Step, no: Step): Step {
  return (f) => {
    const t = test(f);
    if (t === true) return yes(f);
    return t === false ? no(f) : bool(t);
  };
}

export function access(of: Step, key: Step, read: (container: Value, key: Value) => Value): Step {
  return (f) => {
    const container = of(f);
    if (container instanceof CelError) return container;
    const k = key(f);
    f.charge(1);
    return read(container, k);
  };
}

export function optionalOr(a: Step, b: Step, name: 'or' | 'orValue'): Step {
  return (f) => {
    const x = a(f);
    if (x instanceof CelError) return x;
    if (!(x instanceof Optional)) return new CelError(`no such overload: ${typeName(x)}.${name}()`);
    if (x.value === undefined) return b(f);
    return name === 'or' ? x : x.value;
  };
}

/** Where a loop keeps its variables. */
interface LoopSlots {
  readonly accu: number;
  readonly iter: number;
  readonly iter2: number | undefined;
}

/** `all` and `exists`: the first element that decides ends the loop; an error counts when no element decides. */
export function quantifierStep(range: Step, body: Step, isAll: boolean, slots: LoopSlots): Step {
  const decides = !isAll;
  // What cel-go counts for each turn: the accumulator is looked at twice, and the condition calls one or two functions.
  const turnCost = isAll ? 3 : 4;
  return (f) => {
    const over = range(f);
    if (over instanceof CelError) return over;
    const { iter, iter2 } = slots;
    const isList = over instanceof CelList;
    if (!isList && !(over instanceof CelMap)) return notIterable(over);
    const keys = isList ? undefined : over.keys();
    const n = isList ? over.size : (keys?.length ?? 0);
    let result: Value = isAll;
    for (let i = 0; i < n; i++) {
      f.charge(turnCost);
      const key = isList ? (iter2 === undefined ? over.at(i) : BigInt(i)) : (keys?.[i] as Value);
      f.locals[iter] = key;
      if (iter2 !== undefined) f.locals[iter2] = isList ? over.at(i) : (over.get(key) as Value);
      const v = body(f);
      if (v === decides) {
        // The next turn would find that it is decided.
        f.charge(i + 1 < n ? turnCost : 1);
        return decides;
      }
      if (v !== isAll && result === isAll) result = bool(v);
    }
    f.charge(1);
    return result;
  };
}
