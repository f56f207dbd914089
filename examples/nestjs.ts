// NestJS: every route requires a valid key, and decorators say more.
import { Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Express } from 'express';
import { apiKeys, latchkey, memoryStore } from 'latchkey';
import { LatchkeyModule, Principal, Public, scopeDecorators } from 'latchkey/nestjs';

import { bearing, curl, header, serve } from './support/serve';

const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const guards = latchkey({ scopes: ['domains:read', 'domains:write'], verifiers: [keys] });
const { RequireScopes } = scopeDecorators(guards);

@Controller('v1/domains')
class DomainsController {
  @Get()
  @RequireScopes('domains:read')
  list(@Principal() { subject }: Principal) {
    return { owner: subject };
  }

  @Post()
  @HttpCode(201)
  @RequireScopes('domains:write')
  create() {
    return {};
  }
}

@Controller()
class AppController {
  @Get('health')
  @Public()
  health() {
    return { ok: true };
  }

  @Get('v1/me')
  me(@Principal() { subject, scopes }: Principal) {
    return { subject, scopes };
  }
}

@Module({
  imports: [LatchkeyModule.forRoot(guards)],
  controllers: [AppController, DomainsController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.init();
const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });

serve('The Nest API', app.getHttpAdapter().getInstance() as Express, [
  ['a public route: 200', curl('/health')],
  ['a route without a decorator, without a key: 401', curl('/v1/me')],
  ['who calls: 200', curl('/v1/me', bearing(secret))],
  [
    'the domains, with the key in another header: 200',
    curl('/v1/domains', header('X-API-Key', secret)),
  ],
  ['a missing scope: 403', curl('/v1/domains', '-X POST', bearing(secret))],
  ['an invalid key: 401', curl('/v1/domains', bearing('acme_live_wrong'))],
]);
