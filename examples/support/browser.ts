/**
 * Follows redirects as a browser with cookies does, up to `destination`, and returns the parameters
 * there.
 */
export async function browse(url: URL, destination: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let next = url;
  while (!next.href.startsWith(destination)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(next, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) {
      throw new Error(
        `${next.origin}${next.pathname} answered ${response.status}: ${await response.text()}`,
      );
    }
    next = new URL(location, next);
  }
  return next;
}
