import { connect } from 'node:net';

import type { RawResponse } from '../support/servers';

/**
 * Sends requests over one connection without waiting for an answer, and reads as many as come
 * before the other side ends it. Each answer must say how long it is; those to `HEAD` have no body.
 */
export async function pipeline(port: number, requests: readonly string[]): Promise<RawResponse[]> {
  let rest = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', reject);
    socket.write(Buffer.from(requests.join(''), 'latin1'));
  });
  const answers: RawResponse[] = [];
  while (rest !== '') {
    const head = rest.slice(0, rest.indexOf('\r\n\r\n'));
    const [statusLine = '', ...headers] = head.split('\r\n');
    const isHead = requests[answers.length]?.startsWith('HEAD ') ?? false;
    const length = isHead ? 0 : Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    const start = head.length + 4;
    answers.push({
      status: Number(statusLine.split(' ')[1]),
      headers: headers.filter((line) => !/^(date|connection|keep-alive|etag):/i.test(line)),
      body: rest.slice(start, start + length),
    });
    rest = rest.slice(start + length);
  }
  return answers;
}

/** Requests for one connection, which the last of them ends. */
export const keptAlive = (
  requests: readonly (readonly [line: string, ...headers: string[]])[],
): string[] =>
  requests.map(([line, ...headers], index) => {
    const last = index === requests.length - 1 ? ['Connection: close'] : [];
    return [`${line} HTTP/1.1`, 'Host: api.example.com', ...headers, ...last, '', ''].join('\r\n');
  });
