/**
 * Takes the values of a job's secrets out of its logs once it has ended (DESIGN.md guarantee 12). While a run lives its log is its own, written
 * straight by the child, so a secret that a program prints stands there until the end. Values that a program changed (base64) are not found.
 */
import { createReadStream, createWriteStream, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Shorter values would blot out ordinary words. */
const shortestSecret = 6;

/** Replaces each secret value in the attempt's logs by ***; returns the names of the logs that held one. */
export async function maskSecrets(folder: string, secrets: Record<string, string>): Promise<string[]> {
  // The longest first: one secret may begin with another.
  const values = Object.values(secrets)
    .filter((value) => value.length >= shortestSecret)
    .sort((a, b) => b.length - a.length);
  if (values.length === 0) return [];
  const masked: string[] = [];
  for (const name of ['prepare.log', 'run.log', 'score.log']) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const mask = createMask(values);
    await pipeline(createReadStream(path), mask.stream, createWriteStream(`${path}.masked`));
    renameSync(`${path}.masked`, path);
    if (mask.count() > 0) masked.push(name);
  }
  return masked;
}

/** A stream that replaces values also where they lie across two chunks. Bytes are kept as latin1, so that any log passes unchanged. */
function createMask(values: string[]): { stream: Transform; count(): number } {
  const patterns = values.map((value) => Buffer.from(value, 'utf8').toString('latin1'));
  const overlap = Math.max(...patterns.map((pattern) => pattern.length)) - 1;
  let held = '';
  let count = 0;
  const replace = (text: string): string => {
    let result = text;
    for (const pattern of patterns) {
      const parts = result.split(pattern);
      count += parts.length - 1;
      result = parts.join('***');
    }
    return result;
  };
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = replace(held + chunk.toString('latin1'));
      const cut = Math.max(0, text.length - overlap);
      held = text.slice(cut);
      done(null, Buffer.from(text.slice(0, cut), 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(held, 'latin1'));
    },
  });
  return { stream, count: () => count };
}
