import type { IncomingMessage, ServerResponse } from 'node:http';

const MAX_DRAIN_MS = 10_000;
const MAX_DRAIN_BYTES = 64 * 1024 * 1024;

/**
 * Ends the response to a request whose body may not have been read.
 *
 * If Node closed the connection while body bytes are unread, the kernel would reset it, and the
 * client or proxy would lose the response. So the rest of the body is read and discarded, up to 64
 * MiB and 10 seconds, before the connection is closed or reused.
 * @param body undefined for a response without content
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
export function endResponse(
  req: IncomingMessage,
  res: ServerResponse,
  body: string | undefined,
): void {
  if (hasUnreadBody(req)) {
    // A client that still waits for a 100 has sent no body, and must not send it later on the same
    // connection.
    if (isAwaitingContinue(req, res)) {
      res.setHeader('Connection', 'close');
    } else {
      discardBody(req);
    }
  }
  res.end(body);
}

/** The types of Node lack `upgrade`. */
type HttpRequest = IncomingMessage & { readonly upgrade?: boolean };

/**
 * Whether a body is still arriving on an HTTP/1 connection. HTTP/2 closes single streams in order,
 * and request objects without a connection (mocks, serverless adapters) have nothing to lose.
 */
function hasUnreadBody({
  complete,
  headers,
  httpVersionMajor,
  socket,
  upgrade,
}: HttpRequest): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  const hasBody = coding !== undefined || (length !== undefined && Number(length) !== 0);
  return hasBody && complete === false && httpVersionMajor === 1 && !upgrade && isConnected(socket);
}

const isConnected = (socket: Partial<IncomingMessage['socket']> | null | undefined): boolean =>
  socket?.destroyed === false &&
  socket.pending === false &&
  typeof socket.destroySoon === 'function';

/**
 * Whether the client waits for a 100 that was never sent. Node sends it, unless the server has a
 * `checkContinue` listener.
 */
const isAwaitingContinue = ({ headers }: IncomingMessage, res: ServerResponse): boolean =>
  headers.expect?.toLowerCase() === '100-continue' &&
  (res as { _sent100?: boolean })._sent100 === false;

/**
 * Reads the body to its end without keeping it, and closes the connection if a limit is reached.
 */
function discardBody(req: IncomingMessage): void {
  const { socket } = req;
  const destroySoon = socket.destroySoon.bind(socket);
  let bytes = 0;
  let mustClose = false;

  const finish = () => {
    clearTimeout(timer);
    req.off('data', onData).off('end', finish).off('close', finish);
    socket.destroySoon = destroySoon;
    if (mustClose) {
      socket.destroySoon();
    }
  };
  const stop = () => {
    mustClose = true;
    finish();
  };
  const onData = (chunk: Buffer | string) => {
    bytes += chunk.length;
    if (bytes > MAX_DRAIN_BYTES) {
      stop();
    }
  };
  const timer = setTimeout(stop, MAX_DRAIN_MS).unref();

  // Node calls this after the last response of a connection. Closing our side only, and reading on,
  // avoids the reset.
  socket.destroySoon = () => {
    mustClose = true;
    socket.end();
  };
  // A pipe that earlier middleware left behind would stop the flow.
  req.unpipe();
  req.on('data', onData).on('end', finish).on('close', finish).resume();
}
