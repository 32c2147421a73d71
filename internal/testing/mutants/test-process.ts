/** How often each break (by id) was reached. */
export type Reached = Readonly<Record<string, number>>;

/** What the process of a test file is told. */
export interface Asked {
  /** Where it writes the files `pid` and `reached`. */
  readonly directory: string;
  /** The id of the break that is on; none without it. */
  readonly mutant?: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly mutants: Asked;
  }
}
