import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Daemon, findProgram, startDaemon } from './daemon';

// @requires nginx

export interface NginxOptions {
  /** Ports of the instances behind it. */
  readonly ports: readonly number[];
  /** Speaks HTTP/1.1 to them over connections that it keeps, instead of its default, HTTP/1.0. */
  readonly http11?: boolean;
  /** Replaces the locations of the server. */
  readonly locations?: string;
}

/** A real nginx before some instances of an app, with its default settings for a proxy. */
export function startNginx({ ports, http11 = false, locations }: NginxOptions): Promise<Daemon> {
  const program = findProgram('nginx', 'nginx', ['/usr/sbin']);
  return startDaemon({
    name: 'nginx',
    prepare: () => ['true'],
    run: (folder, port) => {
      const file = join(folder, 'nginx.conf');
      writeFileSync(file, configuration(folder, port, ports, http11, locations));
      return [program, '-p', folder, '-c', file];
    },
    ready: /start worker process|using the "\w+" event method/,
  });
}

const configuration = (
  folder: string,
  port: number,
  ports: readonly number[],
  http11: boolean,
  locations = passOn(http11),
): string => `
daemon off; master_process off; error_log stderr notice; pid ${folder}/pid;
events {}
http {
  access_log off; client_max_body_size 100m;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream app { ${ports.map((one) => `server 127.0.0.1:${one};`).join(' ')} ${http11 ? 'keepalive 8;' : ''} }
  server {
    listen 127.0.0.1:${port};
    ${locations}
  }
}
`;

const passOn = (http11: boolean): string => `
    location / { proxy_pass http://app; ${http11 ? 'proxy_http_version 1.1; proxy_set_header Connection "";' : ''} }
    location /unbuffered { proxy_pass http://app; proxy_request_buffering off; }`;
