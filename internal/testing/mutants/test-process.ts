/** How the tool and the process of a test file speak: files `pid` and `reached` in the directory that this variable names. */
export const TEST_PROCESS_DIRECTORY = 'QUORATE_MUTANTS_DIRECTORY';

/** How often each break (by id) was reached. */
export type Reached = Readonly<Record<string, number>>;
