import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import * as z from 'zod/mini';

import { checkOptions, functionOption } from '../internal/options';
import type { Latchkey } from '../latchkey';
import { guardsArgument } from './guards';
import type { FindRequest } from './nestjs/carrier';
import { type GuardSettings, LatchkeyGuard, SETTINGS } from './nestjs/guard';

export type { FindRequest } from './nestjs/carrier';
export {
  Guarded,
  Principal,
  Public,
  RequireAnyScope,
  RequireScopes,
  type RuleDecorator,
  type ScopeDecorators,
  scopeDecorators,
} from './nestjs/decorators';
export { LatchkeyGuard, RefusedException } from './nestjs/guard';

/** Options of `LatchkeyModule.forRoot()`. */
export interface LatchkeyModuleOptions {
  /**
   * Returns the request of a WebSocket message or of a microservice. @default `req` of the GraphQL
   * context, and `request` of a socket of Socket.IO
   */
  readonly request?: FindRequest;
}

const optionsSchema = z.strictObject({ request: z.optional(functionOption) });

/**
 * The module for NestJS 11, on Express and Fastify. Every route requires a valid credential, unless
 * a decorator says otherwise.
 */
export class LatchkeyModule {
  /**
   * Creates the module.
   * @param guards what `latchkey()` returned
   * @param options.request finds the request where there is no HTTP request
   * @returns a global module. Import it once, in the root module.
   * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an argument is something else
   * @example
   * `@Module({ imports: [LatchkeyModule.forRoot(guards)], controllers: [DomainsController] })`
   */
  static forRoot(guards: Latchkey<never>, options: LatchkeyModuleOptions = {}): DynamicModule {
    checkOptions('LatchkeyModule.forRoot(guards): guards', guardsArgument, guards);
    checkOptions('LatchkeyModule.forRoot(guards, options)', optionsSchema, options);
    const settings: GuardSettings = { guards: guards as Latchkey, request: options.request };
    return {
      module: LatchkeyModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        { provide: SETTINGS, useValue: settings },
        LatchkeyGuard,
        { provide: APP_GUARD, useExisting: LatchkeyGuard },
      ],
      exports: [LatchkeyGuard, SETTINGS, DiscoveryModule],
    };
  }
}

Module({})(LatchkeyModule);
