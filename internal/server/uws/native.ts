// Loads uWebSockets.js, which no file outside of this folder knows. Its rules: a request is readable only until the
// handler returns; a response must not be touched after its abort handler ran; several writes belong into one cork.
import { createRequire } from 'node:module';
import type * as UWS from 'uWebSockets.js';

export type { UWS };

/** Request line and headers together; above it uWS answers 431. Read by the native module when it is loaded. */
const MAX_HEADER_BYTES = 64 * 1024;
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(MAX_HEADER_BYTES);

/** The native module. */
export const uws = createRequire(import.meta.url)('uWebSockets.js') as typeof UWS & {
  LIBUS_LISTEN_EXCLUSIVE_PORT: number;
};

/** Turns the header `uWebSockets` off, which tells everybody what serves them: the setting has no name, but a checksum. */
const WITHOUT_MARK = '76666666666<';
(uws as unknown as { _cfg(key: string): void })._cfg(WITHOUT_MARK);

/** A response, which is also the connection that it belongs to. */
export type Response = UWS.HttpResponse & { getX509Certificate(): string };
