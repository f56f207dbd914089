import { apiKeys, type Extractor, latchkey, memoryStore } from 'latchkey';

const guardOf = (token: unknown) => {
  const own: Extractor = { name: 'own', extract: () => token as string };
  return latchkey({
    extractors: [own],
    verifiers: [apiKeys({ prefix: 'osir', store: memoryStore(), extractors: ['own'] })],
  });
};

describe('an extractor of your own', () => {
  it.each([undefined, null])('finds no credential if it returns %s', async (token) => {
    const { check } = guardOf(token);
    expect(await check({ headers: {} }, { scopes: [] })).toMatchObject({
      status: 'refused',
      reason: 'missing',
    });
    expect(await check({ headers: {} })).toMatchObject({ status: 'anonymous' });
  });

  it.each([[['token']], [5], [true], [{}], [Promise.resolve('token')]])(
    'is at fault if it returns %p',
    async (token) => {
      const { check } = guardOf(token);
      await expect(check({ headers: {} })).rejects.toMatchObject({
        code: 'ERR_LATCHKEY_OPTION',
        message: 'The extractor own must return a string or undefined',
      });
    },
  );
});
