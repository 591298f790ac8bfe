import { describe, expect, it } from '@jest/globals';
import { AuthenticationError } from '../../../src/domain/diagnosis.ts';
import { createTokenMemory } from '../../../src/io/tokens/index.ts';

describe('the memory of tokens', () => {
  let time = 0;
  const asked: string[] = [];
  const memory = createTokenMemory(
    async (audience) => {
      asked.push(audience);
      if (audience === 'refused') throw new AuthenticationError('CAVRA-E312', 'refused');
      return { token: `${audience}.${asked.length}`, source: 'github-token-service', warnings: [] };
    },
    () => time,
  );

  it('asks once for an audience, for requests one after another and at once', async () => {
    const [first, second] = await Promise.all([memory('a'), memory('a')]);
    expect([first, second, await memory('a')].map(({ token }) => token)).toEqual(['a.1', 'a.1', 'a.1']);
    expect((await memory('b')).token).toBe('b.2');
  });

  it('asks again when the token is no longer fresh, or the clock was set back', async () => {
    time = 119_999;
    expect((await memory('a')).token).toBe('a.1');
    time = 120_000;
    expect((await memory('a')).token).toBe('a.3');
    time = 0;
    expect((await memory('a')).token).toBe('a.4');
  });

  it('does not repeat a question that was refused', async () => {
    await expect(memory('refused')).rejects.toMatchObject({ code: 'CAVRA-E312' });
    await expect(memory('refused')).rejects.toMatchObject({ code: 'CAVRA-E312' });
    expect(asked.filter((audience) => audience === 'refused')).toHaveLength(1);
  });
});
