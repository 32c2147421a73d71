import { createServer } from 'node:net';

/**
 * Why nobody can listen at this address now: the system's code, such as EADDRINUSE; undefined where somebody can. Nobody
 * is kept from the port afterwards.
 */
export function whyNotFree(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
