import type { Filter } from './filter.js';

/** Tells browsers to come by HTTPS only (apiserver's WithHSTS, `--strict-transport-security-directives`). */
export function withHsts(directives: readonly string[]): Filter {
  const header = ['Strict-Transport-Security', directives.join('; ')] as const;
  return (context) => {
    context.addAnswerHeaders([header]);
    return undefined;
  };
}
