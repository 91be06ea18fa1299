/** What the skills call that is not on every machine: other agents, just, and the services of the web, as small programs of the test. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { labCommand } from './temporary-lab.ts';

const just = `#!/usr/bin/env python3
"""As much of just as the recipes of a lab need: --list, --show, a recipe with its words."""
import re, subprocess, sys, tempfile
recipes, name, comment = {}, None, ""
for line in open("justfile"):
    head = re.match(r"^([a-z][\\w-]*)((?: +\\*?[A-Z]+)*):\\s*$", line)
    if head:
        name = head[1]
        recipes[name] = {"comment": comment, "lines": []}
    elif name and (line.startswith("    ") or line.strip() == ""):
        recipes[name]["lines"].append(line[4:])
    else:
        name = None
    comment = line[2:].strip() if line.startswith("# ") else ""
words = sys.argv[1:]
if words[:1] == ["--list"]:
    for key, recipe in recipes.items():
        print(f"    {key} # {recipe['comment']}")
    sys.exit()
show = words[:1] == ["--show"]
if show:
    words = words[1:]
if not words or words[0] not in recipes:
    sys.exit(f"error: no recipe {words[:1]}")
text = "".join(recipes[words[0]]["lines"])
if show:
    print(text)
elif text.startswith("#!"):
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(text)
        file.flush()
        sys.exit(subprocess.run(["bash", file.name, *words[1:]]).returncode)
else:
    sys.exit(subprocess.run(["sh", "-e", "-c", text, words[0], *words[1:]]).returncode)
`;

/** Answers with one finding, and proves that it was given the request. */
const reviewer = `#!/bin/sh
case "$*" in *'Review this change'*) echo 'no findings' ;; *) echo "no request in: $*" >&2; exit 1 ;; esac
`;

/** Writes a program of the given text into a folder for PATH. */
export function putProgram(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o755);
}

/** Whether a program is on this machine. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Puts `lab`, three agents that review, and `just` where it is missing, into a folder. */
export function putStandIns(folder: string): void {
  const [node, script] = labCommand;
  putProgram(folder, 'lab', `#!/bin/sh\nexec "${node}" "${script}" "$@"\n`);
  for (const agent of ['claude', 'codex', 'gemini']) putProgram(folder, agent, reviewer);
  if (!hasProgram('just')) putProgram(folder, 'just', just);
}

const feed = (id: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
  <entry>
    <id>http://arxiv.org/abs/${id}v2</id>
    <title>Residual branches
      at small scale</title>
    <published>2024-01-01T00:00:00Z</published>
    <updated>2024-02-01T00:00:00Z</updated>
    <author><name>A. Writer</name></author>
    <category term="cs.LG"/>
    <summary>We scale residual branches down &amp; look.</summary>
  </entry>
</feed>`;

/** The services that the skills speak to. */
export interface WebStandIn {
  /** Names for the environment of the commands. */
  env: Record<string, string>;
  /** "GET /arxiv?…", "POST /exa/search {…}" in their order. */
  requests: string[];
  close(): Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Vectors that are near where texts have the same letters. */
const embed = (text: string): number[] =>
  [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => text.toLowerCase().split(letter).length - 1);

/** Serves arXiv's feed, Exa's search and embeddings on the loopback address. */
export async function serveWeb(): Promise<WebStandIn> {
  const requests: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const body = await readBody(request);
    requests.push(`${request.method} ${request.url} ${body}`.trim());
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/arxiv') {
      response.end(feed(url.searchParams.get('id_list') ?? '2401.00001'));
    } else if (url.pathname === '/exa/search' && request.headers['x-api-key'] === 'test-key') {
      const result = { title: 'A page', url: 'https://example.org/page', highlights: ['some words'] };
      response.end(JSON.stringify({ results: [result], costDollars: { total: 0.005 } }));
    } else if (url.pathname === '/v1/embeddings') {
      const { input } = JSON.parse(body) as { input: string[] };
      response.end(JSON.stringify({ data: input.map((text, index) => ({ index, embedding: embed(text) })) }));
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resume) => server.listen(0, '127.0.0.1', resume));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    requests,
    env: {
      ARXIV_API: `${base}/arxiv`,
      EXA_API: `${base}/exa`,
      EXA_API_KEY: 'test-key',
      LAB_EMBEDDINGS_URL: `${base}/v1/embeddings`,
    },
    close: () => new Promise((resume) => server.close(() => resume())),
  };
}

/** One fenced block of a Markdown page that is to be run. */
export interface ShellBlock {
  /** Line of its first command; 1 is the first of the page. */
  line: number;
  text: string;
}

/** Every block marked `sh`, in its order. */
export function listShellBlocks(page: string): ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let begun: { line: number; lines: string[] } | null = null;
  for (const [index, line] of page.split('\n').entries()) {
    if (begun !== null && line === '```') {
      blocks.push({ line: begun.line, text: `${begun.lines.join('\n')}\n` });
      begun = null;
    } else if (begun !== null) begun.lines.push(line);
    else if (line === '```sh') begun = { line: index + 2, lines: [] };
  }
  return blocks;
}
