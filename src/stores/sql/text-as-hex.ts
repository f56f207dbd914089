import {
  type KyselyPlugin,
  type OperationNode,
  OperationNodeTransformer,
  type PrimitiveValueListNode,
  RawNode,
  ValueListNode,
  ValueNode,
} from 'kysely';

/**
 * Sends text to MySQL as hexadecimal literals of UTF-8, which need no escaping.
 *
 * mysql2 puts values into statements itself and escapes quotes by backslashes. That is SQL
 * injection on a connection in the mode NO_BACKSLASH_ESCAPES or with a character set such as GBK,
 * and any connection of a pool may be switched to them at any time.
 */
export function textAsHex(): KyselyPlugin {
  const transformer = new TextAsHex();
  return {
    transformQuery: ({ node }) => transformer.transformNode(node),
    transformResult: async ({ result }) => result,
  };
}

const toNode = (value: unknown): OperationNode =>
  typeof value === 'string'
    ? RawNode.createWithSql(`_utf8mb4 x'${Buffer.from(value).toString('hex')}'`)
    : ValueNode.create(value);

class TextAsHex extends OperationNodeTransformer {
  protected override transformValue(node: ValueNode): ValueNode {
    // Immediate values are our own numbers.
    return node.immediate ? node : (toNode(node.value) as ValueNode);
  }

  protected override transformPrimitiveValueList({
    values,
  }: PrimitiveValueListNode): PrimitiveValueListNode {
    return ValueListNode.create(values.map(toNode)) as unknown as PrimitiveValueListNode;
  }
}
