import { BlockList, isIPv4 } from 'node:net';

import { isIdentifier, isLoopback, isSecureUrl } from '../../internal/options';

/** Decides which URLs an issuer's configuration and metadata may name. */
export interface UrlPolicy {
  /**
   * Whether the operator may configure this URL: `https`, or `http` on a loopback host or an
   * insecure host.
   */
  isSecure(url: unknown): url is string;
  /** Whether the operator may configure this issuer: a secure URL without query and fragment. */
  isIssuer(url: unknown): url is string;
  /**
   * Whether the metadata of an issuer may name this URL. A remote issuer must not make us send
   * requests to this machine or its link-local network (SSRF).
   */
  isTrustedEndpoint(issuer: string, url: unknown): url is string;
}

/**
 * Creates the policy of an issuer.
 *
 * @param insecureHosts - hosts that may be reached by plain `http`, with their ports
 */
export function urlPolicy(insecureHosts: readonly string[] = []): UrlPolicy {
  const hosts = new Set(insecureHosts.map((host) => new URL(`http://${host}`).host));
  const isInsecureHost = (url: unknown): url is string => {
    if (typeof url !== 'string' || !/^http:\/\//.test(url) || !URL.canParse(url)) {
      return false;
    }
    // Apart from the scheme, the rules for https apply.
    return hosts.has(new URL(url).host) && isSecureUrl(url.replace('http:', 'https:'));
  };
  const isSecure = (url: unknown): url is string => isSecureUrl(url) || isInsecureHost(url);
  return {
    isSecure,
    isIssuer: (url): url is string =>
      isIdentifier(url) || (isInsecureHost(url) && !url.includes('?')),
    isTrustedEndpoint: (issuer, url): url is string =>
      isSecure(url) && (isInsecureHost(url) || isReachable(issuer, url)),
  };
}

/** Whether a value is a host, with or without a port, and no other part of a URL. */
export function isHost(value: unknown): value is string {
  if (
    typeof value !== 'string' ||
    !/^[^\s/?#@\\*]+$/.test(value) ||
    !URL.canParse(`http://${value}`)
  ) {
    return false;
  }
  const { pathname, username } = new URL(`http://${value}`);
  return pathname === '/' && username === '';
}

const isReachable = (issuer: string, url: string): boolean =>
  !isLocal(url) ||
  new URL(issuer).hostname === new URL(url).hostname ||
  (isLoopback(issuer) && isLoopback(url));

/**
 * Loopback, unspecified and link-local addresses, including those that are embedded in IPv6.
 * `BlockList` handles `::ffff:0:0/96` itself.
 */
const LOCAL = new BlockList();
LOCAL.addSubnet('0.0.0.0', 8);
LOCAL.addSubnet('127.0.0.0', 8);
LOCAL.addSubnet('169.254.0.0', 16);
// `::`, `::1` and IPv4-compatible addresses.
LOCAL.addSubnet('::', 96, 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');
// 6to4, IPv4-translated, NAT64 and its local-use prefix (RFC 8215), for the three IPv4 networks.
for (const [hex, bits] of [
  ['0', 8],
  ['7f', 8],
  ['a9fe', 16],
] as const) {
  const high = bits === 8 ? `${hex}00` : hex;
  LOCAL.addSubnet(`2002:${high}::`, 16 + bits, 'ipv6');
  for (const prefix of ['64:ff9b:', '64:ff9b:1:', '::ffff:0']) {
    LOCAL.addSubnet(`${prefix}:${high}:0`, 96 + bits, 'ipv6');
  }
}

/**
 * Whether the host of a URL is this machine or in its link-local network: an address, or a name
 * under `localhost` (RFC 6761 §6.3). The URL parser normalizes all spellings of an address.
 */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  if (hostname.startsWith('[')) {
    return LOCAL.check(hostname.slice(1, -1), 'ipv6');
  }
  return isIPv4(hostname) ? LOCAL.check(hostname) : /(^|\.)localhost\.*$/.test(hostname);
}
