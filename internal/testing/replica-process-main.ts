import { openReplica, type Replica } from '../replica/index.js';
import type { Answer, Request } from './replica-process.js';

let replica: Replica | undefined;

async function answer(request: Request): Promise<unknown> {
  if (request.op === 'open') {
    replica = await openReplica(request.config);
    return undefined;
  }
  if (replica === undefined) throw new Error('not open');
  const { backend } = replica;
  switch (request.op) {
    case 'put': {
      const { key, text, timeoutMs } = request;
      const ops = [{ type: 'put', key, value: Buffer.from(text), revisionAt: -1 } as const];
      return backend.txn({ compares: [], ops }, timeoutMs);
    }
    case 'read':
      await backend.readBarrier();
      return backend.get(request.key)?.value.toString();
    case 'list': {
      await backend.readBarrier();
      const { items } = backend.range(request);
      return Object.fromEntries(items.map((item) => [item.key, item.value.toString()]));
    }
    case 'status':
      return replica.status();
    case 'close':
      return replica.close();
  }
}

async function serve(id: number, request: Request): Promise<void> {
  let reply: Answer;
  try {
    reply = { id, result: await answer(request) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    reply = { id, error: { name, message } };
  }
  process.send?.(reply);
}

process.on('message', ({ id, request }: { id: number; request: Request }) => void serve(id, request));
process.on('disconnect', () => process.exit(0));
