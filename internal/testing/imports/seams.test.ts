import { expect, test } from 'vitest';
import { wrongFiles } from './seams.js';

const PLAN = { file: 'internal/rest/write/plan.ts', text: 'return backend.txn({ compares, ops });\n' };
const ADMISSION = {
  file: 'internal/rest/write/admission.ts',
  text: 'return (deps.admission ?? defaultAdmission).admit(admission, attributes, checked);\n',
};
const wrong = (file: string, text: string): string[] => wrongFiles([PLAN, ADMISSION, { file, text }]);

test('transactions and admission have one caller each beside tests', () => {
  expect(wrong('internal/rest/get.ts', 'await handlers.admit(peer);\n')).toEqual([]);
  expect(wrong('internal/rest/pods/binding.ts', 'await deps.backend.txn({});\n')).toEqual([
    'internal/rest/pods/binding.ts: calls Backend.txn, which only internal/rest/write/plan.ts may call',
  ]);
  expect(wrong('internal/rest/pods/binding.ts', 'await deps.admission.admit(a, b);\n')).toEqual([
    'internal/rest/pods/binding.ts: calls AdmissionChain.admit, which only internal/rest/write/admission.ts may call',
  ]);
  expect(wrong('internal/rest/write/plan.test.ts', 'await deps.backend.txn({});\n')).toEqual([]);
});

test('a caller that is gone is told: else nothing would be looked at any more', () => {
  expect(wrongFiles([ADMISSION])).toEqual(['internal/rest/write/plan.ts: does not call Backend.txn']);
});

test('files have at most 400 lines, but for tables and tests', () => {
  const long = 'line\n'.repeat(401);
  expect(wrong('internal/rest/get.ts', long)).toEqual(['internal/rest/get.ts: has 401 lines, more than 400']);
  expect(wrong('internal/rest/get.ts', 'line\n'.repeat(400))).toEqual([]);
  expect(wrong('internal/schema/tables/core.v1.ts', long)).toEqual([]);
  expect(wrong('internal/rest/get.test.ts', long)).toEqual([]);
});

test('directories are made with the one function that comes back from every path', () => {
  const told = ['internal/replica/log.ts: makes directories otherwise than with makeDirectory'];
  expect(wrong('internal/replica/log.ts', 'mkdirSync(path, { recursive: true, mode: 0o700 });\n')).toEqual(told);
  expect(wrong('internal/replica/log.ts', 'await mkdir(\n  path,\n  { recursive: true },\n);\n')).toEqual(told);
  expect(wrong('internal/replica/log.ts', 'mkdirSync(path);\nrmSync(path, { recursive: true });\n')).toEqual([]);
  expect(wrong('internal/replica/log.test.ts', 'mkdirSync(path, { recursive: true });\n')).toEqual([]);
});
