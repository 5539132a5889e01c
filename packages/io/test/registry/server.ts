import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What the server does with a request; the list is worked off, the last one stays. */
export interface Behaviour {
  readonly content: Uint8Array;
  readonly etag?: string | null;
  /** Close the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  /** Send nothing more after this many bytes, but keep the connection. */
  readonly stallAfter?: number;
  readonly ignoreRange?: boolean;
  readonly status?: number;
  readonly redirectTo?: string;
  /** Announce another length than the content's. */
  readonly announce?: number | null;
  /** Answers with status 206, this Content-Range and the whole content where a range is asked for. */
  readonly contentRange?: string;
  /** Sends the content compressed although that was not asked for. */
  readonly gzip?: boolean;
  /** Sends this text instead of an HTTP answer. */
  readonly raw?: string;
}

export interface TestServer {
  readonly url: string;
  /** The Range header of each request ('' where there was none). */
  readonly ranges: string[];
  behave(...behaviours: readonly Behaviour[]): void;
  close(): Promise<void>;
}

/** A local HTTP server that misbehaves on demand. */
export async function startServer(): Promise<TestServer> {
  let queue: Behaviour[] = [];
  const ranges: string[] = [];
  const server: Server = createServer((request, response) => {
    ranges.push(request.headers.range ?? '');
    answer(queue.length > 1 ? queue.shift()! : queue[0]!, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/set.tar`,
    ranges,
    behave: (...behaviours) => {
      queue = [...behaviours];
      ranges.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(behaviour: Behaviour, request: IncomingMessage, response: ServerResponse): void {
  const { content, etag = '"v1"', status, redirectTo, announce } = behaviour;
  if (redirectTo !== undefined) {
    response.writeHead(302, { location: redirectTo }).end();
    return;
  }
  if (status !== undefined) {
    response.writeHead(status).end('no');
    return;
  }
  if (behaviour.raw !== undefined) {
    response.socket!.end(behaviour.raw);
    return;
  }
  if (behaviour.gzip === true) {
    const packed = gzipSync(content);
    response.writeHead(200, { etag: '"v1"', 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
    return;
  }
  if (behaviour.contentRange !== undefined && request.headers.range !== undefined) {
    response.writeHead(206, { etag: '"v1"', 'content-range': behaviour.contentRange }).end(content);
    return;
  }
  const headers: Record<string, string | number> = etag === null ? {} : { etag };
  let from = 0;
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const current = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  if (range !== null && current && behaviour.ignoreRange !== true) {
    from = Number(range[1]);
    if (from >= content.length) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    headers['content-range'] = `bytes ${from}-${content.length - 1}/${content.length}`;
  }
  const body = content.subarray(from);
  if (announce !== null) headers['content-length'] = announce ?? body.length;
  response.writeHead(from > 0 ? 206 : 200, headers);
  if (behaviour.cutAfter !== undefined) {
    response.write(body.subarray(0, behaviour.cutAfter), () => setTimeout(() => response.destroy(), 150));
  } else if (behaviour.stallAfter !== undefined) response.write(body.subarray(0, behaviour.stallAfter));
  else response.end(body);
}
