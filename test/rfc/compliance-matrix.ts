/** One demand of a specification, and what holds us to it. */
export interface Entry {
  /** Section number, such as '2.2.1'. */
  readonly section: string;
  /** The word of RFC 2119 by which it is demanded; '-' where the text demands it without one. */
  readonly level:
    | 'MUST'
    | 'MUST NOT'
    | 'SHOULD'
    | 'SHOULD NOT'
    | 'MAY'
    | 'REQUIRED'
    | 'RECOMMENDED'
    | 'NOT RECOMMENDED'
    | 'OPTIONAL'
    | '-';
  /** The demand in our own words, one sentence. */
  readonly says: string;
  /** Fails when the line that meets the demand is deleted. */
  readonly test?: () => void | Promise<void>;
  /** Begins with 'because': who it is for, or why it is not met here. */
  readonly notOurs?: string;
}

const REASON = /^because \S.{15,}$/;

/** Runs a specification's matrix: each entry is tested, or says why it need not be. */
export function complianceMatrix(title: string, entries: readonly Entry[]): void {
  const ours = entries.filter(({ notOurs }) => notOurs === undefined);
  const others = entries.filter(({ notOurs }) => notOurs !== undefined);

  describe(title, () => {
    test('every entry is either tested or says why it is not ours', () => {
      expect(ours.filter((entry) => typeof entry.test !== 'function')).toEqual([]);
      expect(
        others.filter(({ notOurs, test }) => test !== undefined || !REASON.test(notOurs ?? '')),
      ).toEqual([]);
    });

    test('every entry names its section and stands here once', () => {
      expect(
        entries.filter(({ section, says }) => !/^\d+(\.\d+)*$/.test(section) || says.length < 15),
      ).toEqual([]);
      const said = entries.map(({ section, says }) => `${section} ${says}`);
      expect(said.filter((one, index) => said.indexOf(one) !== index)).toEqual([]);
    });

    test.each(ours.map((entry) => [entry.section, entry.level, entry.says, entry] as const))(
      '§%s %s: %s',
      async (_section, _level, _says, entry) => {
        expect.hasAssertions();
        await entry.test?.();
      },
    );
  });
}
