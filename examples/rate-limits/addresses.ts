// addresses.ts
import { BlockList, isIPv6 } from 'node:net';

import type { Request } from 'express';
import type { Principal } from 'latchkey';

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

function listOf(entries: readonly unknown[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = String(entry).split('/');
    if (bits === undefined) {
      list.addAddress(address, familyOf(address));
    } else {
      list.addSubnet(address, Number(bits), familyOf(address));
    }
  }
  return list;
}

/** Whether the key may be used from the address of a request: `metadata.addresses` lists them. */
export function fromAllowedAddress({ claims }: Principal, req: Request): boolean {
  if (claims.addresses === undefined) {
    return true;
  }
  const address = req.ip ?? '';
  return (
    Array.isArray(claims.addresses) && listOf(claims.addresses).check(address, familyOf(address))
  );
}
