import { isLoopback } from '../../internal/options';

/** Whether a value is an absolute URI without fragment, user and password (RFC 6749 §3.1.2). */
export function isAbsoluteUri(value: unknown): value is string {
  if (
    typeof value !== 'string' ||
    !/^[!-~]+$/.test(value) ||
    value.includes('#') ||
    !URL.canParse(value)
  ) {
    return false;
  }
  const { username, password } = new URL(value);
  return `${username}${password}` === '';
}

/** Schemes that a browser runs, reads or hands to a program other than the client's. */
const FOREIGN_SCHEMES: ReadonlySet<string> = new Set(
  [
    'about android-app blob chrome chrome-extension chrome-search cid content data edge feed file filesystem ftp ftps gopher http https',
    'intent jar javascript ldap ldaps livescript mailto mhtml mid mk mocha moz-extension ms-browser-extension ms-its news nfs res resource',
    'safari-extension safari-web-extension sftp sip sips sms smsto smb ssh tel telnet urn vbscript view-source ws wss wyciwyg',
  ].flatMap((line) => line.split(' ')),
);

/** A private-use scheme (RFC 8252 §7.1). Many apps have one without a dot, such as `vscode:`. */
export const isPrivateUseUri = (uri: string): boolean =>
  !FOREIGN_SCHEMES.has(new URL(uri).protocol.slice(0, -1));

/** RFC 9700 §2.6 forbids plain http except on loopback hosts. */
export function isWebUri(uri: string): boolean {
  const { protocol } = new URL(uri);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(uri));
}

/** Whether only a native app can receive a redirect to this URI (RFC 8252 §7). */
export const isNativeUri = (uri: string): boolean =>
  isPrivateUseUri(uri) || (new URL(uri).protocol === 'http:' && isLoopback(uri));

/** Whether a URI is `https` on a loopback host. */
export const isLoopbackHttps = (uri: string): boolean =>
  new URL(uri).protocol === 'https:' && isLoopback(uri);
