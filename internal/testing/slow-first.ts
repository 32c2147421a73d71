import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files take longest: begun last, one of them would keep a single worker busy at the end. The longest first. */
const SLOW = [
  'internal/testing/pauses/',
  'internal/testing/chaos/chaos.',
  'internal/testing/',
  'internal/replica/',
  'cmd/quorate/serve',
  'cmd/quorate/forbidden',
];

/** The order of test files: the slow ones, then as vitest has it. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = SLOW.findIndex((folder) => moduleId.includes(`/${folder}`));
      return at < 0 ? SLOW.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
