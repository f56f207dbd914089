import { importPKCS8 } from 'jose';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  None,
  PrivateKeyJwt,
} from 'oauth4webapi';

import { isB64Token } from '../../credential/credential';
import { codedError, typeError } from '../../internal/errors';
import { omitUndefined } from '../../internal/objects';
import { readPrivateKey, signingAlgorithms } from '../private-key';
import type { BearerClient } from './client-options';
import { clientAuthMethod, type ParsedClient } from './client-schema';

/**
 * Creates the authentication of a client.
 *
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if the key does not fit the algorithm
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-2.1
 */
export function clientAuthentication(client: ParsedClient): ClientAuth {
  const { id, secret, token } = client;
  switch (clientAuthMethod(client)) {
    case 'basic':
      return ClientSecretBasic(secret ?? '');
    case 'post':
      return ClientSecretPost(secret ?? '');
    case 'bearer':
      return bearerToken(token ?? '');
    case 'private_key_jwt':
      return signedAssertion(client);
    case 'none':
      return id === undefined ? () => undefined : None();
  }
}

const bearerToken =
  (token: BearerClient['token']): ClientAuth =>
  async (_server, _client, _body, headers) => {
    const current: unknown = typeof token === 'function' ? await token() : token;
    if (typeof current !== 'string' || !isB64Token(current)) {
      throw codedError(
        'ERR_LATCHKEY_OPTION',
        'introspection(): option "client.token" returned something that is not a token',
      );
    }
    headers.set('Authorization', `Bearer ${current}`);
  };

const UNUSABLE_KEY =
  'cannot sign: pass RSA of 2048 to 8192 bits, EC of P-256, P-384 or P-521, or Ed25519';

function signedAssertion({ key: input, kid, algorithm }: ParsedClient): ClientAuth {
  const key = readPrivateKey(input);
  const fitting = key ? signingAlgorithms(key) : [];
  const alg = algorithm ?? fitting[0];
  if (!key || alg === undefined || !fitting.includes(alg)) {
    const problem = alg === undefined ? UNUSABLE_KEY : `does not fit the algorithm ${alg}`;
    throw typeError('ERR_LATCHKEY_OPTION', `introspection(): option "client.key" ${problem}`);
  }
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signing = importPKCS8(pem, alg).then((cryptoKey) =>
    PrivateKeyJwt(
      { key: cryptoKey, ...omitUndefined({ kid }) },
      // EdDSA and Ed25519 are two names of one algorithm, of which a server may know only one.
      { [modifyAssertion]: (header) => void (header.alg = alg) },
    ),
  );
  return async (...request) => (await signing)(...request);
}
