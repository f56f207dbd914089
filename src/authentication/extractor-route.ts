import {
  type Credential,
  isB64Token,
  isLegacyToken,
  isPlainToken,
  MAX_KEY_LENGTH,
  MAX_TOKEN_LENGTH,
} from '../credential/credential';
import type { Extractor } from '../extractors/extractor';
import { malformed, tooLong, unread } from './rejections';
import type { Rejection } from './result';
import { type VerifierState } from './verified-credential';

/** Finds the verifier for the credentials of one extractor. */
export class ExtractorRoute {
  /** A longer token is rejected before it is hashed. In characters. */
  readonly maxTokenLength: number;
  readonly #extractor: Extractor;
  readonly #states: readonly VerifierState[];
  /** The longest token that any of the verifiers accepts, in characters. */
  readonly #longest: number;

  constructor(extractor: Extractor, all: readonly VerifierState[]) {
    const usual = extractor.scheme ? MAX_TOKEN_LENGTH : MAX_KEY_LENGTH;
    this.#extractor = extractor;
    this.#states = all.filter(
      ({ verifier }) => verifier.extractors?.includes(extractor.name) ?? true,
    );
    this.#longest = Math.max(0, ...this.#states.map(({ maxTokenLength }) => maxTokenLength));
    this.maxTokenLength = Math.max(usual, this.#longest);
  }

  /** Returns the verifier that accepts the form of a token, or a rejection if none does. */
  findVerifier(token: string): VerifierState | Rejection {
    const extractor = this.#extractor;
    if (!isPlainToken(token)) {
      return malformed(extractor, token);
    }
    const credential: Credential = { extractor: extractor.name, token };
    const isWellFormed = extractor.scheme === undefined || isB64Token(token);
    const state = isWellFormed ? this.#find(credential) : this.#findLegacy(credential);
    if (!state) {
      return isWellFormed ? unread(extractor, token, this.#longest) : malformed(extractor, token);
    }
    return token.length > state.maxTokenLength
      ? tooLong(token, state.maxTokenLength, state.verifier.name)
      : state;
  }

  #find(credential: Credential): VerifierState | undefined {
    return this.#states.find((state) => state.accepts(credential));
  }

  #findLegacy(credential: Credential): VerifierState | undefined {
    return isLegacyToken(credential.token)
      ? this.#states.find((state) => state.acceptsLegacy(credential))
      : undefined;
  }
}
