import { credentialStoreContract, stateStoreContract } from 'latchkey/testing';

import { openDatabase } from '../../examples/document-store/database';
import { documentStore } from '../../examples/document-store/store';

const open = () => {
  const database = openDatabase();
  return { store: documentStore(database), peer: documentStore(database) };
};

describe('the document store', () => {
  // It reports listeners that throw, as the contract has them do.
  beforeEach(() => void jest.spyOn(console, 'error').mockImplementation());
  afterEach(() => jest.restoreAllMocks());

  it.each(credentialStoreContract(open).map(({ name, run }) => [name, run] as const))(
    'keeps the contract of credentials: %s',
    (_name, run) => run(),
  );

  it.each(stateStoreContract(open).map(({ name, run }) => [name, run] as const))(
    'keeps the contract of state: %s',
    (_name, run) => run(),
  );
});
