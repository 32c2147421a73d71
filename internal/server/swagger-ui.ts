import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { FatalError } from '../machinery/assert.js';
import type { ApiRequest, BytesReply } from '../rest/types.js';

/** Files of the package `swagger-ui-dist` that the page needs, with what they are. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'application/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};
const BASE = '/swagger-ui/';
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Kubernetes API</title>
<link rel="stylesheet" href="swagger-ui.css">
<link rel="icon" type="image/png" href="favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script src="start.js"></script>
</body>
</html>
`;
// Some four hundred paths: closed until somebody opens one.
const START = `SwaggerUIBundle({ url: '/openapi/v2', dom_id: '#swagger-ui', docExpansion: 'none', filter: true, defaultModelsExpandDepth: -1 });
`;
/** Everything comes from this server; the bundle sets styles and draws its icons inline. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

function reply(contentType: string, body: Buffer | string): BytesReply {
  return { status: 200, contentType, headers: { 'Content-Security-Policy': POLICY }, body };
}

/**
 * The page at /swagger-ui (`--enable-swagger-ui`) that shows /openapi/v2. It is authorized as every other path is: a
 * browser needs a client certificate, or something in front that adds a token. Throws FatalError when the package is gone.
 */
export function createSwaggerUi(): (request: ApiRequest) => BytesReply | undefined {
  const files = new Map<string, BytesReply>([
    ['', reply('text/html; charset=utf-8', PAGE)],
    ['start.js', reply('application/javascript; charset=utf-8', START)],
  ]);
  const { resolve } = createRequire(import.meta.url);
  try {
    for (const [name, type] of Object.entries(ASSETS)) {
      files.set(name, reply(type, readFileSync(resolve(`swagger-ui-dist/${name}`))));
    }
  } catch (error) {
    throw new FatalError(
      `--enable-swagger-ui needs the package swagger-ui-dist (${error instanceof Error ? error.message : 'unreadable'}). Run npm ci, or leave the flag out.`,
    );
  }
  return (request) => {
    if (request.path === '/swagger-ui') {
      return { status: 301, contentType: 'text/html; charset=utf-8', headers: { Location: BASE }, body: '' };
    }
    return request.path.startsWith(BASE) ? files.get(request.path.slice(BASE.length)) : undefined;
  };
}
