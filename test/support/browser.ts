/**
 * A user agent without JavaScript: keeps cookies by their paths, follows redirects within a site,
 * and sends forms.
 */
export class Browser {
  readonly #seen: string[] = [];
  readonly #cookies = new Map<string, { readonly path: string; readonly value: string }>();

  /**
   * Asks, each time over a new connection, and follows redirects as long as they stay on the host.
   */
  async open(url: string, init: RequestInit = {}): Promise<Page> {
    let at = new URL(url);
    let next: RequestInit = init;
    for (let hops = 0; hops < 10; hops++) {
      const response = await fetch(at, {
        ...next,
        redirect: 'manual',
        headers: { ...next.headers, connection: 'close', cookie: this.#cookiesFor(at) },
      });
      for (const line of response.headers.getSetCookie()) {
        this.#keep(line);
      }
      const location = response.headers.get('location');
      if (location === null || response.status < 300) {
        return new Page(this, at, response, await response.text());
      }
      const to = new URL(location, at);
      if (to.host !== at.host) {
        return new Page(this, to, response, '');
      }
      at = to;
      next = {};
    }
    throw new Error(`Too many redirects, the last to ${at.href}`);
  }

  /** The value of every cookie that was ever set. */
  cookieValues(): readonly string[] {
    return this.#seen;
  }

  #cookiesFor({ pathname }: URL): string {
    const fitting = [...this.#cookies].filter(
      ([, { path }]) => pathname === path || pathname.startsWith(path === '/' ? '/' : `${path}/`),
    );
    return fitting.map(([key, { value }]) => `${key.split(' ')[0]}=${value}`).join('; ');
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/; */);
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
    if (value !== '') {
      this.#seen.push(value);
    }
    if (value === '') {
      this.#cookies.delete(`${name} ${path}`);
    } else {
      this.#cookies.set(`${name} ${path}`, { path, value });
    }
  }
}

export class Page {
  constructor(
    readonly browser: Browser,
    readonly url: URL,
    readonly response: Response,
    readonly text: string,
  ) {}

  /** Sends the page's only form with its hidden fields. */
  async submit(fields: Readonly<Record<string, string>>): Promise<Page> {
    const hidden = [
      ...this.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g),
    ].map(([, name = '', value = '']) => [name, unescaped(value)]);
    const body = new URLSearchParams([...hidden, ...Object.entries(fields)] as [string, string][]);
    return this.browser.open(this.url.href, { method: 'POST', body });
  }
}

const unescaped = (value: string): string =>
  value.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
