/** A promise that the cluster broke. */
export class Violation extends Error {
  constructor(
    /** Which promise. */
    readonly property: string,
    detail: string,
  ) {
    super(`${property}: ${detail}`);
    this.name = 'Violation';
  }
}

/** Throws a Violation of `property` when `holds` is false. */
export function promise(holds: boolean, property: string, detail: () => string): asserts holds {
  if (!holds) throw new Violation(property, detail());
}
