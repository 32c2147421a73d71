/** Takes the place of internal/replica/lock.ts in a simulation: a machine runs one process at a time. */
export interface DirectoryLock {
  release(): void;
}

export function lockDirectory(_directory: string): DirectoryLock {
  return { release: () => undefined };
}
