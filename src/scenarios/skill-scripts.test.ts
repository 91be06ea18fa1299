/** The scripts of the skills where something is wrong: what they say, and that they end as failed. Where all is well: skills.test.ts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packedSkillsFolder } from '../agents/skills/packed-skills.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skill-scripts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
async function python(script: string, args: string[], env: Record<string, string> = {}) {
  const [skill = '', name = ''] = script.split('/');
  const path = join(packedSkillsFolder(), skill, 'scripts', name);
  const environment = { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1', ...env };
  const settings = { cwd: folder, env: environment, extendEnv: false, reject: false } as const;
  const { exitCode, stdout, stderr } = await execa('python3', [path, ...args], settings);
  return { code: exitCode, stdout, stderr };
}

/** Serves one answer to everything. */
async function serve(status: number, text: string): Promise<{ address: string; close(): void }> {
  const server: Server = createServer((_, response) => {
    response.statusCode = status;
    response.end(text);
  });
  await new Promise<void>((resume) => server.listen(0, '127.0.0.1', resume));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

const arrays = `class Array:
    def __init__(self, *shape):
        self.shape = shape

`;

test('a shape that is not as claimed ends the program with the place, the claim and what came', async () => {
  write(
    'wrong.py',
    `${arrays}def f(x):\n    y = Array(\n        4, 3\n    )  # (B, C)\n    z = Array(5, 3)  # (B, C)\n    return z\n\nf(1)\nprint("not reached")\n`,
  );
  const { code, stdout, stderr } = await python('lab-tensor-shapes/check-shapes.py', ['wrong.py']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/shape error: .*wrong\.py:9: z is \(5, 3\), claimed \(B, C\): B is 5, expected 4/);
});

test.each([
  ['Array(2, 3)  # (2, 3)', null],
  ['Array(2, 3)  # (3, 2)', '2 in place of 3'],
  ['Array(2, 3)  # (B,)', '2 dimensions, expected 1'],
  ['Array(2, 3, 4)  # (..., 4)', null],
  ['Array(2, 3, 4)  # (B, ..., 5)', '4 in place of 5'],
  ['Array(2)  # (B, ..., C)', '1 dimensions'],
  ['Array(2, 2)  # (N, N)', null],
  ['Array(2, 3)  # (N, N)', 'N is 3, expected 2'],
  ['3  # (not, a shape)', null],
])('x = %s', async (line, message) => {
  write('program.py', `${arrays}x = ${line}\ny = 1\n`);
  const { code, stderr } = await python('lab-tensor-shapes/check-shapes.py', ['program.py']);
  expect(code).toBe(message === null ? 0 : 1);
  if (message !== null) expect(stderr).toContain(message);
});

test('sizes are remembered within one call alone, an exception clears a claim, and the program’s own failure stays one', async () => {
  write(
    'calls.py',
    `${arrays}def f(n):\n    x = Array(n, n)  # (N, N)\n    return x\n\nf(1)\nf(2)\ntry:\n    y = int("no")  # (B,)\nexcept ValueError:\n    y = 1\nraise SystemExit(5)\n`,
  );
  const { code, stderr } = await python('lab-tensor-shapes/check-shapes.py', ['calls.py']);
  expect({ code, stderr }).toEqual({ code: 5, stderr: '' });
  write('none.py', 'x = 1\n');
  expect((await python('lab-tensor-shapes/check-shapes.py', ['none.py'])).stderr).toContain('no claim was reached');
});

test('a map without sources, with a made-up quotation, or with one side only is told line by line', async () => {
  write('source.md', 'The score fell\nby a tenth.\n');
  write(
    'map.argdown',
    `# A map
[Claim]: It helps. {credence: 0.7}
  + <Seen>: It fell. {source: source.md, quote: "score fell by a tenth"}
  - <Luck>: One seed. {source: job 3}
[One side]: Only for. {credence: 1.5}
  + <Made up>: x {source: source.md, quote: "fell by two tenths"}
  + <Nothing>: x
  + <Gone>: x {source: gone.md, quote: "x"}
  + <Bare>: x {source: source.md}
   odd
`,
  );
  const { code, stdout, stderr } = await python('lab-argument-map/check-map.py', ['map.argdown']);
  expect(code).toBe(1);
  expect(stderr).toContain('2 claims, 6 reasons, 7 problems');
  const lines = stdout.split('\n').map((line) => line.replace('map.argdown:', ''));
  expect(lines).toEqual([
    '5: has no credence from 0 to 1',
    '5: is argued from one side only, expected what speaks for it and what against',
    '6: quotes "fell by two tenths", which does not stand in source.md',
    '7: has no source and no reason below it',
    '8: names the source gone.md, which is not there',
    '9: cites source.md without a quotation',
    '10: is no claim and no reason, expected [Claim]: … or + <Reason>: …',
  ]);
});

test('the search by words finds other endings, tells what it cannot read, and says when nothing is near', async () => {
  write('1_ideas/a.md', '# One\n\nRegularisation by dropping units.\n\n# Two\n\nLonger contexts.\n');
  write('9_reports/paper.pdf', 'x');
  const found = await python('lab-search/rank.py', ['regularise', '--top', '1']);
  expect(found.stdout).toMatch(/^0\.\d+ {2}1_ideas\/a\.md:1 {2}One/);
  expect(found.stderr).toContain('skipped 9_reports/paper.pdf');
  expect(found.stderr).toContain('compared by words alone');
  const none = await python('lab-search/rank.py', ['zzz']);
  expect(none).toMatchObject({ code: 1, stdout: '' });
  expect((await python('lab-search/rank.py', ['x', '--in', 'gone'])).stderr).toContain('gone is not here');
});

test('a broken embeddings server is an error with the way out, not another ranking in silence', async () => {
  write('1_ideas/a.md', '# One\n\ntext\n');
  const server = await serve(500, 'no');
  const { code, stderr } = await python('lab-search/rank.py', ['x'], { LAB_EMBEDDINGS_URL: server.address });
  server.close();
  expect(code).toBe(1);
  expect(stderr).toContain('hint: unset LAB_EMBEDDINGS_URL to search by words');
});

test.each([
  [404, 'x', 'arXiv answered 404'],
  [200, 'no feed', 'answered with no Atom feed'],
  [429, '', 'asks to come back later'],
  [
    200,
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/api/errors#x</id><summary>incorrect id format</summary></entry></feed>',
    'arXiv says: incorrect id format',
  ],
])('an answer %i %j of arXiv ends with: %s', async (status, text, message) => {
  const server = await serve(status, text);
  const { code, stderr } = await python('lab-arxiv/arxiv.py', ['--get', '2401.00001'], { ARXIV_API: server.address });
  server.close();
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

test('a paper that is not there is named, and a page with notes is never written over', async () => {
  const empty = await serve(200, '<feed xmlns="http://www.w3.org/2005/Atom"></feed>');
  const missing = await python('lab-arxiv/arxiv.py', ['--get', '2401.99999'], { ARXIV_API: empty.address });
  empty.close();
  expect(missing).toMatchObject({ code: 1, stderr: 'error: arXiv knows no 2401.99999' });
  write('0_docs/papers/2401.00001.md', 'my notes\n');
  const entry = '<entry><id>http://arxiv.org/abs/2401.00001v1</id><title>T</title></entry>';
  const server = await serve(200, `<feed xmlns="http://www.w3.org/2005/Atom">${entry}</feed>`);
  const { code, stderr } = await python('lab-arxiv/arxiv.py', ['--get', '2401.00001'], { ARXIV_API: server.address });
  server.close();
  expect(code).toBe(0);
  expect(stderr).toContain('is there already');
  expect(readFileSync(join(folder, '0_docs/papers/2401.00001.md'), 'utf8')).toBe('my notes\n');
});

test('the web search without a key, or with a wrong one, says so and asks nobody else', async () => {
  expect((await python('lab-web-search/web-search.py', ['x'])).stderr).toContain('error: EXA_API_KEY is not set');
  const server = await serve(401, '');
  const env = { EXA_API: server.address, EXA_API_KEY: 'secret' };
  const { code, stderr } = await python('lab-web-search/web-search.py', ['x'], env);
  server.close();
  expect(code).toBe(1);
  expect(stderr).toContain('answered 401: the key is wrong');
  expect(stderr).not.toContain('secret');
});
